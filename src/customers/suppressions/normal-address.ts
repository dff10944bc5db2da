import { readEmail, readPhone } from '../algorithm/cells.js';
import { type Channel } from '../customer.js';

/** An address as the directory keeps it; undefined for what is none. */
export function normalAddress(channel: Channel, text: string): string | undefined {
  const read = channel === 'sms' ? readPhone(text) : readEmail(text);
  return 'value' in read ? read.value : undefined;
}
