import { isIP } from 'node:net';

/**
 * The network address that a request came from, as far as it can be told.
 * @param peer the other end of the connection
 * @param forwarded the header `X-Forwarded-For`, to which each proxy appends whom it heard from
 * @param proxies how many proxies of ours a request passes; what stands before theirs anybody can write
 * @returns an IPv4 address, or the first half of an IPv6 address, which is what one household or machine has; '' when there is none
 */
export function sourceAddress(peer: string | undefined, forwarded: string | undefined, proxies: number): string {
  if (proxies === 0 || forwarded === undefined) return normal(peer ?? '');
  const heard = forwarded.slice(-MAX_HEADER).split(',');
  return normal(heard[Math.max(0, heard.length - proxies)]?.trim() ?? '') || normal(peer ?? '');
}

/** UTF-16 units of the header that are looked at, from its end. */
const MAX_HEADER = 2048;

function normal(address: string): string {
  const bare = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const kind = isIP(bare);
  if (kind === 0) return '';
  return kind === 4 ? bare : firstHalf(bare);
}

function firstHalf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const parts = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return parts
    .slice(0, 4)
    .map((part) => part.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
