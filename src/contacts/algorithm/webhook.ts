import { createHmac } from 'node:crypto';

/** Longest wait between two attempts, seconds: an endpoint that is mended is told within the hour. */
const LONGEST_WAIT_S = 3600;
const FIRST_WAIT_S = 15;

/** Seconds to wait after so many attempts that failed: 15 s, doubled each time, an hour at most. */
export function waitAfter(attempts: number): number {
  return Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** Math.min(20, Math.max(0, attempts - 1)));
}

/**
 * Headers that sign a body after Standard Webhooks 1.0 (https://www.standardwebhooks.com), scheme `v1`: HMAC-SHA256 of `id.timestamp.body`.
 * @param secret `whsec_` and the key in base64
 */
export function signedHeaders(id: string, at: Date, body: string, secret: string): Record<string, string> {
  const seconds = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${signature}`,
  };
}
