import { describe, expect, it } from '@jest/globals';
import { classifySmtpFailure, smtpCode, type SmtpFailure } from './smtp-failure.js';

const reply = (response: string, command: string, code = 'EENVELOPE', bodySent = false): SmtpFailure => ({
  code,
  command,
  response,
  responseCode: Number(response.slice(0, 3)),
  bodySent,
});

describe('a failed SMTP attempt', () => {
  it.each([
    ['421 4.3.2 Closing', 'CONN', 'provider_unavailable'],
    ['450 Mailbox busy', 'RCPT TO', 'deferred'],
    ['451 4.7.1 Greylisted', 'RCPT TO', 'deferred'],
    ['452 4.2.2 Over quota', 'RCPT TO', 'mailbox_full'],
    ['454 4.7.0 Temporary authentication failure', 'AUTH PLAIN', 'provider_unavailable'],
    ['503 5.5.1 Bad sequence', 'MAIL FROM', 'provider_unavailable'],
  ])('is tried again after %s', (response, command, reason) => {
    expect(classifySmtpFailure(reply(response, command))).toMatchObject({ kind: 'retry', reason });
  });

  it.each([
    ['550 5.1.1 Unknown', 'RCPT TO', 'invalid_recipient'],
    ['550 5.1.10 Null MX', 'RCPT TO', 'invalid_recipient'],
    ['550-5.2.1 Disabled\n550 5.2.1 Account is disabled', 'RCPT TO', 'invalid_recipient'],
  ])('takes the address off the list after %j', (response, command, reason) => {
    expect(classifySmtpFailure(reply(response, command))).toEqual({
      kind: 'rejected',
      reason,
      scope: 'recipient',
      suppress: true,
    });
  });

  it.each([
    ['530 5.7.0 Authentication required', 'MAIL FROM', 'auth'],
    ['535 5.7.8 Bad credentials', 'AUTH PLAIN', 'auth'],
    ['550 5.7.26 Unauthenticated mail', 'DATA', 'policy'],
    ['550 5.1.8 Bad sender domain', 'MAIL FROM', 'sender'],
    ['553 Sender not allowed', 'MAIL FROM', 'sender'],
    ['554 No service for your address', 'CONN', 'policy'],
  ])('stops the wave after %s', (response, command, reason) => {
    expect(classifySmtpFailure(reply(response, command))).toEqual({ kind: 'rejected', reason, scope: 'setup' });
  });

  it('is not sent when the server refuses the body, though all of it was transferred', () => {
    expect(classifySmtpFailure(reply('451 4.3.0 Try later', 'DATA', 'EMESSAGE', true)).kind).toBe('retry');
    expect(classifySmtpFailure(reply('554 Spam', 'DATA', 'EMESSAGE', true)).kind).toBe('rejected');
  });

  it.each(['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EABORT', 'ETLS', undefined])(
    'without a reply (%s) is in doubt after the body and not sent before it',
    (code) => {
      expect(classifySmtpFailure({ code, command: 'CONN', bodySent: true }).kind).toBe('inDoubt');
      expect(classifySmtpFailure({ code, command: 'CONN', bodySent: false }).kind).toBe('retry');
    },
  );

  it('is never in doubt and never suppresses on an enhanced code found further back in the text', () => {
    const verdict = classifySmtpFailure(reply('550 Requested action not taken (was 5.1.1 elsewhere)', 'RCPT TO'));
    expect(verdict).toEqual({ kind: 'rejected', reason: 'invalid_recipient', scope: 'recipient' });
  });

  it('is logged by its codes and not by its text, which can name people', () => {
    expect(smtpCode(reply('550 5.1.1 <ana@customer.example> unknown', 'RCPT TO'))).toBe('550 5.1.1');
    expect(smtpCode(reply('550 <ana@customer.example> unknown', 'RCPT TO'))).toBe('550');
    expect(smtpCode({ code: 'EDNS', bodySent: false })).toBe('EDNS');
  });
});
