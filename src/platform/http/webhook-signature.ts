import { createHmac } from 'node:crypto';

/**
 * Headers that sign a request after Standard Webhooks.
 * @param secrets `whsec_` and base64; each signs
 * @param id the same for every attempt of the same message
 */
export function signWebhook(
  secrets: readonly string[],
  id: string,
  body: string,
  now: Date,
): Readonly<Record<string, string>> {
  const seconds = String(Math.floor(now.getTime() / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': secrets.map((secret) => signatureOf(secret, `${id}.${seconds}.${body}`)).join(' '),
  };
}

function signatureOf(secret: string, signed: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
