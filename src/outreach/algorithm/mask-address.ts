/** An address of which so little is shown that only its owner knows it again: `+49•••••78`, `a•••@shop.example`. */
export function maskAddress(address: string): string {
  const at = address.indexOf('@');
  if (at > 0) return `${address.slice(0, 1)}•••${address.slice(at)}`;
  return `${address.slice(0, 3)}•••••${address.slice(-2)}`;
}
