import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder } from './make-folder.js';

describe('making a folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fw-folder-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('makes those above it too, and leaves alone what is there', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await makeFolder(path, 0o700);
    await makeFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('fails where a file is in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolder(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  (process.platform === 'linux' ? it : it.skip)(
    'fails, and returns, where a file system takes no folders',
    async () => {
      await expect(makeFolder('/proc/none/templates')).rejects.toMatchObject({ code: expect.any(String) as unknown });
    },
  );
});
