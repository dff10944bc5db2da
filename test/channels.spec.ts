import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHANNELS = `${ROOT}src/customers/customer.ts`;

/** The files in which the compiler finds an error when the list of channels is this. */
function filesWithErrors(channels: string): string[] {
  const read = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...read, include: [] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const original = host.readFile.bind(host);
  host.readFile = (path) => {
    const text = original(path);
    if (path !== CHANNELS || text === undefined) return text;
    const changed = text.replace("CHANNELS = ['sms', 'email']", `CHANNELS = ${channels}`);
    if (changed === text && channels !== "['sms', 'email']")
      throw new Error('the list of channels is not where it was');
    return changed;
  };
  host.getSourceFile = (path, language) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram({ rootNames: [`${ROOT}src/daemon/app.module.ts`], options, host });
  const own = program.getSourceFiles().filter((file) => file.fileName.startsWith(`${ROOT}src/`));
  const wrong = own.filter((file) => program.getSemanticDiagnostics(file).length > 0);
  return wrong.map((file) => file.fileName.slice(ROOT.length)).sort();
}

describe('a new channel', () => {
  it('is an error of the compiler at every place that must know it, and nowhere before it is added', () => {
    expect(filesWithErrors("['sms', 'email']")).toEqual([]);

    // Others that only read these places fail with them.
    const places = [
      'src/customers/customer.ts',
      'src/delivery/outgoing.ts',
      'src/outreach/algorithm/decide.ts',
      'src/outreach/messages/channel-texts.ts',
      'src/outreach/outreach-config.ts',
    ];
    expect(filesWithErrors("['sms', 'email', 'push']")).toEqual(expect.arrayContaining(places));
  }, 120_000);
});
