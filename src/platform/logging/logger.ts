import { type LoggerService } from '@nestjs/common';
import { pino, type Logger as Pino, type DestinationStream } from 'pino';

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

/**
 * @param level pino level or `silent`
 * @param stream where lines go; standard output when omitted
 */
export function createLogger(level: string, stream?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    redact: { paths: REDACTED, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return stream ? pino(options, stream) : pino(options);
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
