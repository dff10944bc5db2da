import { describe, expect, it } from '@jest/globals';

import { createLogger } from './logger.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger('info', { write: (line: string) => void lines.push(line) }));
  return lines.join('');
}

function databaseError(): Error {
  const error = new Error('duplicate key: ada@example.com');
  return Object.assign(error, {
    severity: 'ERROR',
    code: '23505',
    detail: 'Key (email)=(ada@example.com) already exists.',
    where: "COPY customer, line 1: 'ada@example.com'",
    table: 'customer',
    constraint: 'customer_email_key',
  });
}

describe('a log line for people', () => {
  it('has time, level, message and facts on one line, the stack below, and no password of a URL', () => {
    const lines: string[] = [];
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) }, 'pretty');

    logger.info({ incident: 7 }, 'incident opened');
    logger.warn({ err: new Error('away: smtp://user:hunter2@mail') }, 'mail is down');

    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d INFO {2}incident opened incident=7\n$/);
    expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d WARN {2}mail is down\n {2}Error: away: smtp:\/\/\[redacted\]@mail\n/);
  });
});

describe('a log line', () => {
  it('tells code, table and constraint of a database error and none of its texts', () => {
    const line = logged((logger) => logger.error({ err: databaseError() }, 'a statement failed'));

    expect(line).toContain('23505');
    expect(line).toContain('customer_email_key');
    expect(line).not.toContain('ada@example.com');
  });

  it('holds no user and password of a URL, whatever text it stands in', () => {
    const line = logged((logger) =>
      logger.warn({ err: new Error('cannot reach http://user:hunter2@alerts:9093/api') }, 'x smtps://a:b%40c@mail'),
    );

    expect(line).toContain('http://[redacted]@alerts:9093');
    expect(line).not.toMatch(/hunter2|a:b/);
  });
});
