#!/usr/bin/env node
import 'reflect-metadata';
import { type CommandModule, isClosedPipe, UsageError } from './commands/command.js';
import { version } from './commands/version.js';
import { messageOf, StartError } from './platform/errors.js';

/** Commands by name: the line that `forewarn --help` shows, and the module. */
const COMMANDS: Readonly<Record<string, { readonly what: string; readonly load: () => Promise<CommandModule> }>> = {
  init: {
    what: 'write a configuration and texts to begin with',
    load: () => import('./commands/init.command.js'),
  },
  start: { what: 'run the daemon', load: () => import('./daemon/main.js') },
  demo: {
    what: 'play the main job with a small shop (-- --stay keeps it running)',
    load: () => import('./demo/demo.command.js'),
  },
  migrate: { what: 'bring the database schema up to date', load: () => import('./commands/migrate.command.js') },
  doctor: {
    what: 'check settings, configuration, database and providers',
    load: () => import('./commands/doctor.command.js'),
  },
  token: { what: 'make, list and revoke API tokens', load: () => import('./commands/token.command.js') },
  key: {
    what: 'make, list, limit and revoke the keys of a project',
    load: () => import('./commands/key.command.js'),
  },
  'test-message': {
    what: 'send one marked message to yourself through the real provider',
    load: () => import('./commands/test-message.command.js'),
  },
  import: {
    what: 'import customers from a CSV or NDJSON file',
    load: () => import('./commands/import.command.js'),
  },
  replay: {
    what: 'say what would have been told, from an export of errors with their times',
    load: () => import('./commands/replay.command.js'),
  },
  backtest: {
    what: 'replay the stored history with other thresholds',
    load: () => import('./commands/backtest.command.js'),
  },
  group: { what: 'group log lines or events', load: () => import('./commands/group.command.js') },
  detect: { what: 'score a time series', load: () => import('./commands/detect.command.js') },
  localize: { what: 'find what failing rows of a table share', load: () => import('./commands/localize.command.js') },
  match: { what: 'find the explanation that a question is about', load: () => import('./commands/match.command.js') },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`);
  return `usage: forewarn COMMAND [ARGUMENTS]
       forewarn COMMAND --help
       forewarn --version

${lines.join('\n')}

Settings come from the environment; docs/configuration.md lists them.
`;
}

async function run([name = 'help', ...args]: string[]): Promise<number> {
  if (name === 'help' || name === '--help' || name === '-h') return say(process.stdout, help(), 0);
  if (name === '--version' || name === '-V') return say(process.stdout, `${version()}\n`, 0);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return say(process.stderr, `forewarn: there is no command "${name}"\n\n${help()}`, 2);
  const { HELP, run: perform } = await command.load();
  const asked = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);
  if (asked.includes('--help') || asked.includes('-h')) return say(process.stdout, HELP, 0);
  if (asked.includes('--version')) return say(process.stdout, `${version()}\n`, 0);
  try {
    return await perform(args, { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr });
  } catch (error) {
    if (isClosedPipe(error)) return 0;
    if (!(error instanceof UsageError)) throw error;
    return say(process.stderr, `forewarn ${name}: ${error.message}; see forewarn ${name} --help\n`, 2);
  }
}

function say(stream: NodeJS.WriteStream, text: string, code: number): number {
  stream.write(text);
  return code;
}

// A reader that went away, as `head` does, is no fault: nobody wants the rest.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.stderr.on('error', () => undefined);

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
