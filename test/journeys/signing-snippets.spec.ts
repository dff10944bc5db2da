import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { signatureOf } from '../../src/events/signature.js';

const page = readFileSync(new URL('../../docs/trust.md', import.meta.url), 'utf8');
const [, id = '', secret = '', signature = ''] =
  /the id `([^`]+)` under the key `([^`]+)` gives\s+`([0-9a-f]{64})`/.exec(page) ?? [];
/** Ids as apps have them, the last two to see that bytes are signed and not characters. */
const IDS = [id, 'ada@example.com', '李明', 'Zoë 🦊'];

const folder = mkdtempSync(join(tmpdir(), 'fw-sign-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** How each language runs its snippet: the file, what is added to call it, and the command. */
const LANGUAGES = {
  js: {
    file: 'sign.mjs',
    program: (snippet: string) =>
      `${snippet}\nfor (const id of process.argv.slice(3)) console.log(sign(id, process.argv[2]));`,
    command: [process.execPath],
  },
  python: {
    file: 'sign.py',
    program: (snippet: string) => `import sys\n${snippet}\nfor one in sys.argv[2:]: print(sign(one, sys.argv[1]))\n`,
    command: ['python3'],
  },
  java: {
    file: 'Main.java',
    program: (snippet: string) =>
      snippet.replace(
        'final class Forewarn {',
        `public final class Main {
  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) System.out.println(sign(args[i], args[0]));
  }`,
      ),
    command: ['java', '-Dsun.jnu.encoding=UTF-8'],
  },
  php: {
    file: 'sign.php',
    program: (snippet: string) =>
      `<?php\n${snippet}\nforeach (array_slice($argv, 2) as $one) echo sign($one, $argv[1]), "\\n";`,
    command: ['php'],
  },
} as const;
type Language = keyof typeof LANGUAGES;

function snippetOf(language: Language): string {
  const block = [...page.matchAll(/```(\w+)\n([^]*?)```/g)].find(([, name]) => name === language);
  if (!block?.[2]) throw new Error(`docs/trust.md has no snippet of ${language}`);
  return block[2];
}

function isThere(language: Language): boolean {
  const [program = ''] = LANGUAGES[language].command;
  return spawnSync(program, ['--version']).status === 0;
}

describe('the snippets of docs/trust.md that sign an id', () => {
  it('go with a vector that is right', () => {
    expect(signatureOf(id, secret)).toBe(signature);
  });

  const [there, missing] = [true, false].map((wanted) =>
    (Object.keys(LANGUAGES) as Language[]).filter((language) => isThere(language) === wanted),
  );

  it.each(there ?? [])('give in %s what Forewarn computes', (language) => {
    const { file, program, command } = LANGUAGES[language];
    const path = join(folder, file);
    writeFileSync(path, program(snippetOf(language)));
    const [runtime = '', ...options] = command;
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    const { stdout, stderr } = spawnSync(runtime, [...options, path, secret, ...IDS], { encoding: 'utf8', env });
    expect([stdout.trim().split('\n'), stderr]).toEqual([IDS.map((one) => signatureOf(one, secret)), '']);
  });

  const skipped = missing ?? [];
  if (skipped.length > 0) console.warn(`not on this machine, so their snippets are not run: ${skipped.join(', ')}`);

  // Without the runtime only what is written can be looked at: the call that each language's manual names.
  if (skipped.length > 0)
    it.each(skipped)('name HMAC-SHA256 in %s (running it is skipped: it is not on this machine)', (language) => {
      expect(snippetOf(language)).toMatch(/hash_hmac\('sha256', \$id, \$secret\)|HmacSHA256/);
    });
});
