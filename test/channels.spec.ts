import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHANNELS = `${ROOT}src/customers/customer.ts`;

/** Files as the compiler read them; all but one are the same for every list of channels. */
const read = new Map<string, ts.SourceFile | undefined>();

/**
 * The files in which the compiler finds an error when the list of channels is this.
 * @param among the only files to look at; all of `src` when omitted
 */
function filesWithErrors(channels: string, among?: readonly string[]): string[] {
  const file = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...file, include: [] }, ts.sys, ROOT);
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
  const parse = (path: string, language: ts.ScriptTarget | ts.CreateSourceFileOptions) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, language);
  };
  host.getSourceFile = (path, language) => {
    if (path === CHANNELS) return parse(path, language);
    if (!read.has(path)) read.set(path, parse(path, language));
    return read.get(path);
  };
  const program = ts.createProgram({ rootNames: [`${ROOT}src/daemon/app.module.ts`], options, host });
  const isAsked = (path: string) =>
    path.startsWith(`${ROOT}src/`) && (among?.includes(path.slice(ROOT.length)) ?? true);
  const own = program.getSourceFiles().filter((file) => isAsked(file.fileName));
  const wrong = own.filter((file) => program.getSemanticDiagnostics(file).length > 0);
  return wrong.map((file) => file.fileName.slice(ROOT.length)).sort();
}

describe('a new channel', () => {
  it('is an error of the compiler at every place that must know it, and nowhere before it is added', () => {
    expect(filesWithErrors("['sms', 'email']")).toEqual([]);

    // Others that only read these places fail with them, and need not be looked at.
    const places = [
      'src/customers/customer.ts',
      'src/delivery/outgoing.ts',
      'src/outreach/algorithm/decide.ts',
      'src/outreach/messages/channel-texts.ts',
      'src/outreach/outreach-config.ts',
    ];
    expect(filesWithErrors("['sms', 'email', 'push']", places)).toEqual(places);
  }, 120_000);
});
