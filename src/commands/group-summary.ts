import { type GroupName } from '../grouping/grouper.js';

/** Groups that are counted at once; beyond it those seen once are counted together, so that memory stays bounded. */
const MAX_GROUPS = 200_000;
/** Longest example kept, UTF-16 units. */
const MAX_EXAMPLE = 300;

interface Tally {
  count: number;
  readonly example: string;
}

/** Counts records by group, with one example each, and prints the largest as a table. */
export class GroupSummary {
  private readonly tallies = new Map<number, Tally>();
  private total = 0;
  private seenOnce = 0;

  add(handle: number, example: string): void {
    this.total++;
    const tally = this.tallies.get(handle);
    if (tally !== undefined) tally.count++;
    else this.tallies.set(handle, { count: 1, example: example.slice(0, MAX_EXAMPLE) });
    if (this.tallies.size > MAX_GROUPS) this.dropRare();
  }

  /** The table of the `top` largest groups, as `nameOf` names them now; `width` is the longest text in a line. */
  print(nameOf: (handle: number) => GroupName, top: number, width = 110): string {
    const rows = this.merged(nameOf);
    const shown = rows.slice(0, top);
    const digits = String(this.total).length;
    const lines = [`${this.total} records in ${rows.length + this.seenOnce} issues`, ''];
    for (const { name, count, example } of shown) {
      const share = `${((100 * count) / this.total).toFixed(1)} %`.padStart(7);
      lines.push(`${String(count).padStart(digits)} ${share}  ${name.group ?? '-'}  ${cut(name.title, width)}`);
      if (example !== name.title) lines.push(`${' '.repeat(digits + 8)}  e.g. ${cut(example, width)}`);
    }
    const rest = rows.slice(top).reduce((sum, row) => sum + row.count, this.seenOnce);
    if (rest > 0)
      lines.push(
        '',
        `${rest} records in ${rows.length - shown.length + this.seenOnce} smaller issues; --top N shows more`,
      );
    return `${lines.join('\n')}\n`;
  }

  private merged(nameOf: (handle: number) => GroupName): { name: GroupName; count: number; example: string }[] {
    const rows = new Map<string | null, { name: GroupName; count: number; example: string }>();
    for (const [handle, { count, example }] of this.tallies) {
      const name = nameOf(handle);
      const row = rows.get(name.group);
      if (row === undefined) rows.set(name.group, { name, count, example });
      else row.count += count;
    }
    return [...rows.values()].sort((a, b) => b.count - a.count);
  }

  private dropRare(): void {
    for (const [handle, { count }] of this.tallies) {
      if (count > 1) continue;
      this.tallies.delete(handle);
      this.seenOnce++;
    }
  }
}

function cut(text: string, width: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
