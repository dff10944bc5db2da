import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/forewarn-config.js';
import { aPolicy, writeConfig } from '../support/test-config.js';

describe('links of a policy', () => {
  it('that are none stop the start where a text says nothing in the place of the link', () => {
    const file = writeConfig({ policies: [aPolicy({ links: 'none' })] });
    const texts = join(dirname(file.path), 'templates', 'en.yaml');
    writeFileSync(texts, readFileSync(texts, 'utf8').replace(/^ {2}sms: .*$/m, "  sms: '{{ body }} {{ link }}'"));
    expect(() => loadConfig(file.path)).toThrow(/notice\.sms must say where to look.*links: none/);
    file.remove();
  });
});
