import { describe, expect, it } from '@jest/globals';
import { readGroupingConfig } from './grouping-config.js';

function problems(rule: unknown): readonly string[] {
  const result = readGroupingConfig({ rules: [rule] });
  return result.ok ? [] : result.problems;
}

const good = { name: 'chunks', match: { type: 'ChunkLoadError' }, set: { fingerprint: ['chunk'] } };

describe('the grouping section of the configuration', () => {
  it('accepts rules, and is empty if it is missing', () => {
    expect(
      problems({
        ...good,
        match: { message: ['*503*', '*504*'], tags: { region: 'eu-*' } },
        set: { ignore: true, area: 'cart' },
      }),
    ).toEqual([]);
    expect(readGroupingConfig(undefined)).toEqual({
      ok: true,
      config: { rules: [], maxTemplates: 100_000, maxNewIssuesPerHour: 5000 },
    });
  });

  it.each([
    [{ ...good, match: { mesage: 'x' } }, 'grouping.rules[0].match: unknown key "mesage"'],
    [{ ...good, set: { severity: 'huge' } }, 'grouping.rules[0].set.severity: '],
    [{ ...good, match: { type: '' } }, 'grouping.rules[0].match.type: '],
    [{ ...good, match: {} }, 'grouping.rules[0].match: must name at least one field'],
    [{ ...good, set: {} }, 'grouping.rules[0].set: must set at least one of'],
    [{ ...good, set: { fingerprint: 'chunk' } }, 'grouping.rules[0].set.fingerprint: '],
    [{ ...good, match: { tags: { region: 3 } } }, 'grouping.rules[0].match.tags.region: '],
    [{ match: good.match, set: good.set }, 'grouping.rules[0].name: '],
  ])('names the key in %j', (rule, expected) => {
    expect(problems(rule).some((problem) => problem.startsWith(expected))).toBe(true);
  });

  it('refuses a name used twice, and a section of a wrong type', () => {
    expect(readGroupingConfig({ rules: [good, good] })).toEqual({
      ok: false,
      problems: ['grouping.rules[1].name: "chunks" is used twice'],
    });
    expect(readGroupingConfig([]).ok).toBe(false);
  });
});
