/** Small readers that the stack parsers of several languages share. */

/** `Type: message` taken apart; what does not start with a type name is all message. */
export function splitTypeAndValue(header: string): { type?: string; value?: string } {
  const match = /^([A-Za-z_$\\][\w$.\\`]{0,255})(?: \[\w{1,64}\])?(?:: ?|$)/.exec(header);
  if (!match?.[1]) return { value: header || undefined };
  return { type: match[1], value: header.slice(match[0].length) || undefined };
}

/** A dotted type name as the SDKs send it: the simple name, and the package or module it lives in. */
export function splitQualifiedType(type: string | undefined): { type?: string; module?: string } {
  const dot = type?.lastIndexOf('.') ?? -1;
  return type && dot > 0 ? { type: type.slice(dot + 1), module: type.slice(0, dot) } : { type };
}

/** How many spaces and tabs a line starts with. */
export function indentOf(line: string): number {
  let i = 0;
  while (i < line.length && (line[i] === ' ' || line[i] === '\t')) i++;
  return i;
}

/** True when the text contains one of the parts. */
export function containsAny(text: string, parts: readonly string[]): boolean {
  return parts.some((part) => text.includes(part));
}

/** True when the text starts with one of the parts. */
export function startsWithAny(text: string, parts: readonly string[]): boolean {
  return parts.some((part) => text.startsWith(part));
}
