import { describe, expect, it } from '@jest/globals';
import { scrubbingSchema } from './intake-config.js';

describe('the section scrubbing', () => {
  it('is empty by default', () => {
    expect(scrubbingSchema.parse({})).toEqual({ hideKeys: [], keepKeys: [], hidePatterns: [] });
  });

  it.each([
    [{ hidePatterns: ['('] }, 'Invalid regular expression'],
    [{ hidePatterns: ['x*'] }, '"x*" matches an empty text'],
    [{ hideKeys: ['--'] }, 'needs a letter or digit'],
    [{ hide: [] }, 'Unrecognized key'],
  ])('refuses %j', (section, problem) => {
    expect(scrubbingSchema.safeParse(section).error?.message).toContain(problem.replaceAll('"', '\\"'));
  });
});
