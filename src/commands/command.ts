import { type Readable, type Writable } from 'node:stream';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf, StartError } from '../platform/errors.js';

/** The streams that a command talks to. */
export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** One command of `forewarn`, a module of this shape. */
export interface CommandModule {
  /** Text of `--help`: usage, options, exit codes. */
  readonly HELP: string;
  /**
   * Takes the arguments behind the command's name; returns the exit code.
   * @throws UsageError for wrong arguments (exit code 2), StartError for what an operator can mend (1)
   */
  readonly run: (args: string[], io: CommandIo) => Promise<number>;
}

/** Wrong arguments, in one line. Leads to exit code 2 and a word on `--help`. */
export class UsageError extends StartError {}

/**
 * Reads arguments strictly: what is not among `options` is refused.
 * @throws UsageError that names the first wrong one
 */
export function readArguments<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(messageOf(error).split('. ')[0]?.replace(/\.$/, '') ?? '');
  }
}

/** Writes and waits until the reader took it. @throws whatever the stream says, EPIPE when the reader went away */
export async function write(stdout: Writable, text: string): Promise<void> {
  if (text === '') return;
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (fault) => (fault ? reject(fault) : resolve()));
  });
}

/** Whether the reader of our output went away, as `head` does; that is no fault of ours or of the input. */
export function isClosedPipe(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'EPIPE';
}
