import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { duration } from './schema.js';
import { nearest, YamlFile } from './yaml-problems.js';

const schema = z.strictObject({
  severity: z.enum(['minor', 'major', 'critical']).optional(),
  limit: z.number().int().min(0).optional(),
  quietFor: duration.optional(),
  approval: z.union([z.enum(['required', 'automatic']), z.strictObject({ after: duration })]).optional(),
  policies: z
    .array(z.strictObject({ name: z.string(), channels: z.array(z.enum(['sms', 'email'])).min(1) }))
    .default([]),
});

function problems(text: string): string[] {
  const found: string[] = [];
  new YamlFile('f.yaml', text).read(schema, found);
  return found;
}

describe('a problem of a configuration file', () => {
  it('has line and column, the wrong value, what may stand there and the word that was meant', () => {
    expect(problems('severity: majr\n')).toEqual([
      'f.yaml:1:11: severity: "majr" must be minor | major | critical; did you mean "major"?',
    ]);
    expect(problems('policies:\n  - name: a\n    chanels: [sms]\n    channels: [sms, fax]\n')).toEqual([
      'f.yaml:4:21: policies.0.channels.1: "fax" must be sms | email',
      'f.yaml:3:5: policies.0.chanels: there is no such key; did you mean "channels"?',
    ]);
  });

  it('names the keys that there are where none is near', () => {
    expect(problems('zzzzzzz: 1')).toEqual([
      'f.yaml:1:1: zzzzzzz: there is no such key; there are severity, limit, quietFor, approval, policies',
    ]);
  });

  it('of a form among several is that of the form that was meant', () => {
    expect(problems('approval: { after: soon }')).toEqual([
      'f.yaml:1:20: approval.after: "soon" is not a duration; write it like 90s, 10m or 1h30m',
    ]);
    expect(problems('approval: autmatic')).toEqual([
      'f.yaml:1:11: approval: "autmatic" must be required | automatic | a section with after; did you mean "automatic"?',
    ]);
  });

  it('is reported together with all others, and with what is missing', () => {
    expect(problems('limit: lots\nquietFor: 5\npolicies:\n  - channels: []\n')).toEqual([
      'f.yaml:1:8: limit: "lots" must be a whole number from 0',
      'f.yaml:2:11: quietFor: 5 must be a duration like 90s, 10m or 1h30m',
      'f.yaml:4:5: policies.0.name: is missing; it must be a text',
      expect.stringContaining('f.yaml:4:15: policies.0.channels:'),
    ]);
  });

  it('of the syntax has a place as well', () => {
    expect(problems('a: 1\na: 2\nb: "x\n').every((one) => /^f\.yaml:\d+:\d+: /.test(one))).toBe(true);
  });
});

describe('the nearest word', () => {
  it('is none where all differ by much', () => {
    expect(nearest('shpo', ['shop', 'app'])).toBe('shop');
    expect(nearest('fax', ['sms', 'email'])).toBeUndefined();
  });
});
