#!/usr/bin/env node
import 'reflect-metadata';
import { messageOf, StartError } from './platform/errors.js';

/** A command: takes its arguments, returns the exit code. */
type Command = (args: string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly what: string; readonly load: () => Promise<Command> }>> = {
  start: { what: 'run the daemon', load: async () => (await import('./daemon/main.js')).startCommand },
  demo: {
    what: 'play the main job with a small shop (-- --stay keeps it running)',
    load: async () => (await import('./demo/demo.command.js')).run,
  },
  migrate: {
    what: 'bring the database schema up to date',
    load: async () => (await import('./commands/migrate.command.js')).run,
  },
  doctor: {
    what: 'check settings, configuration, database and providers',
    load: async () => (await import('./commands/doctor.command.js')).run,
  },
  token: {
    what: 'make, list and revoke API tokens',
    load: async () => (await import('./commands/token.command.js')).run,
  },
  key: {
    what: 'make, list, limit and revoke the keys of a project',
    load: async () => (await import('./commands/key.command.js')).run,
  },
  'test-message': {
    what: 'send one marked message to yourself through the real provider',
    load: async () => (await import('./commands/test-message.command.js')).run,
  },
  import: {
    what: 'import customers from a CSV or NDJSON file',
    load: async () => (await import('./commands/import.command.js')).run,
  },
  group: {
    what: 'group log lines or events from standard input',
    load: async () => withStreams((await import('./commands/group.command.js')).run),
  },
  backtest: {
    what: 'replay the stored history with other thresholds',
    load: async () => (await import('./commands/backtest.command.js')).run,
  },
  detect: {
    what: 'score a time series from standard input',
    load: async () => withStreams((await import('./commands/detect.command.js')).run),
  },
  localize: {
    what: 'find what failing rows of a table share',
    load: async () => withStreams((await import('./commands/localize.command.js')).run),
  },
  match: {
    what: 'find the explanation that a question is about',
    load: async () => withStreams((await import('./commands/match.command.js')).run),
  },
};

type StreamCommand = (args: string[], io: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>) => Promise<number>;

function withStreams(run: StreamCommand): Command {
  return (args) => run(args, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr });
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`);
  return `usage: forewarn COMMAND [ARGUMENTS]\n\n${lines.join('\n')}\n\nSettings come from the environment; docs/configuration.md lists them.\n`;
}

async function run([name = 'help', ...args]: string[]): Promise<number> {
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(`forewarn: there is no command "${name}"\n\n${help()}`);
    return 2;
  }
  return (await command.load())(args);
}

run(process.argv.slice(2))
  .then((code) => (process.exitCode = code))
  .catch((error: unknown) => {
    process.stderr.write(
      error instanceof StartError
        ? `forewarn: ${error.message}\n`
        : `forewarn: ${error instanceof Error ? error.stack : messageOf(error)}\n`,
    );
    process.exitCode = 1;
  });
