import { type LoggerService } from '@nestjs/common';
import { destination, pino, type Logger as Pino, type DestinationStream, stdSerializers } from 'pino';
import { messageOf, serverFaultOf } from '../errors.js';

/** Injection token of the process's logger. */
export const LOGGER = Symbol('logger');

/** Structured logger of the process. Log ids and counts, never contact details or message texts. */
export type Logger = Pino;

/** Keys that are blanked wherever they turn up, as a second line of defence against a careless log call. */
const REDACTED = [
  'email',
  'phone',
  'address',
  'to',
  'password',
  'token',
  'authorization',
  '*.email',
  '*.phone',
  '*.address',
  '*.token',
  'req.headers',
];

/** User and password of a URL, wherever one stands in a line. */
const CREDENTIALS = /(\w:\/\/)[^/\s"'@\\]+@/g;

/**
 * @param level pino level or `silent`
 * @param stream where lines go; standard output when omitted
 * @param format `pretty` writes a line for people in place of JSON
 */
export function createLogger(level: string, stream?: DestinationStream, format: 'json' | 'pretty' = 'json'): Logger {
  const options = {
    level,
    base: undefined,
    redact: { paths: REDACTED, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    hooks: {
      streamWrite: (line: string) => {
        const safe = line.replace(CREDENTIALS, '$1[redacted]@');
        return format === 'pretty' ? pretty(safe) : safe;
      },
    },
  };
  return pino(options, stream ?? standardOutput());
}

/** A line of the log as people read it: time, level, message, and the rest as `key=value`; the stack of an error below. */
function pretty(line: string): string {
  const { time, level, msg = '', err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = pino.levels.labels[Number(level)] ?? String(level);
  const facts = Object.entries(rest).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const { message, stack } = (err ?? {}) as { message?: string; stack?: string };
  const error = err === undefined ? '' : `\n  ${stack ?? message ?? JSON.stringify(err)}`;
  return `${String(time).slice(11, 19)} ${label.toUpperCase().padEnd(5)} ${String(msg)}${facts.join('')}${error}\n`;
}

/** Lines that cannot be written (a full disk, a pipe that nobody reads) are lost; the process goes on. */
function standardOutput(): DestinationStream {
  const output = destination({ fd: 1, sync: true });
  output.on('error', () => undefined);
  return output;
}

/** An error as fields. Of the database's own the text is left out, since it may quote a row. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fault = serverFaultOf(error);
  if (!fault) return stdSerializers.err(error);
  const calls = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { type: error.constructor.name, message: messageOf(error), ...fault, stack: calls?.join('\n') };
}

/** Nest's own start-up lines, through the same logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ context: rest.at(-1), stack: rest.length > 1 ? rest[0] : undefined }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: rest.at(-1) }, String(message));
  }
}
