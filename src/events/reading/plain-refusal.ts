import { type Reply } from '../protocol.js';

/** Words a refusal as Sentry SDKs read it: in JSON, and in a header that the SDKs log. */
export function plainRefusal(status: number, reason: string): Reply {
  return { status, body: { detail: reason, causes: [reason] }, headers: { 'x-sentry-error': printable(reason) } };
}

/** A text as it may stand in a header. */
export function printable(reason: string): string {
  return reason.replace(/[^\x20-\x7e]/g, '?');
}
