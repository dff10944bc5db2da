/**
 * Pattern that operators write: text in which `*` stands for anything, even nothing. Compared without regard to case.
 * We allow no regular expressions, so matching takes at most text length times pattern length, whatever is written.
 */
export interface Glob {
  readonly parts: readonly string[];
}

/** Reads a pattern; every text is a valid one. */
export function compileGlob(pattern: string): Glob {
  return { parts: pattern.toLowerCase().split(/\*+/) };
}

/** Whether the pattern covers the whole text. Takes each part at its first match, which never misses one. */
export function matchesGlob(glob: Glob, text: string): boolean {
  const lower = text.toLowerCase();
  const first = glob.parts[0] ?? '';
  if (glob.parts.length === 1) return lower === first;
  const last = glob.parts[glob.parts.length - 1] ?? '';
  const end = lower.length - last.length;
  if (!lower.startsWith(first) || !lower.endsWith(last) || end < first.length) return false;
  let at = first.length;
  for (let i = 1; i < glob.parts.length - 1; i++) {
    const part = glob.parts[i] ?? '';
    const found = lower.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
