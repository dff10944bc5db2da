import { createHmac } from 'node:crypto';

const DIVISOR = 2 ** 48;

/**
 * Tells whether chance holds a customer out of an incident's outreach. The same for ever for a secret, an incident and a customer; nobody without
 * the secret can foresee it.
 * @param share of the customers who are held out, 0 to 1
 */
export function isHeldOut(
  secret: Buffer,
  { incidentId, customerId }: { readonly incidentId: number; readonly customerId: number },
  share: number,
): boolean {
  const hash = createHmac('sha256', secret).update(`hold-out ${incidentId} ${customerId}`).digest();
  return hash.readUIntBE(0, 6) / DIVISOR < share;
}
