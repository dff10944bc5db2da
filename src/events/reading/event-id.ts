/** An event id as 32 lower-case hex digits from hex or a dashed UUID; '' when it is neither, or all zeros. */
export function readEventId(value: unknown): string {
  if (typeof value !== 'string' || (value.length !== 32 && value.length !== 36)) return '';
  const hex = value.length === 36 ? value.replaceAll('-', '') : value;
  if (hex.length !== 32) return '';
  let zeros = true;
  for (let i = 0; i < 32; i++) {
    const code = hex.charCodeAt(i);
    const isHex = (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
    if (!isHex) return '';
    if (code !== 48) zeros = false;
  }
  return zeros ? '' : hex.toLowerCase();
}
