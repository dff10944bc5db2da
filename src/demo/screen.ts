/** Where the demo writes: standard output, or whatever takes text. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const STYLES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
export type Style = keyof typeof STYLES;
const CLEAR_LINE = '\r\u001b[K';
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const STAMP_WIDTH = 8;
const QUIET_S = 5;

/** Tells the story line by line, each with the seconds since the start. In a terminal the last line shows what goes on. */
export class Screen {
  private readonly startedAt = performance.now();
  private readonly live: boolean;
  private readonly colours: boolean;
  private readonly width: number;
  private status = '';
  private quietSince = 0;

  constructor(
    private readonly output: Output,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.live = output.isTTY === true && env.TERM !== 'dumb';
    this.colours = !env.NO_COLOR && (this.live || Boolean(env.FORCE_COLOR));
    this.width = Math.min(Math.max(output.columns ?? 100, 60), 110);
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Begins a part of the story. */
  chapter(title: string): void {
    this.write('');
    this.write(this.style('bold', title));
  }

  /** A line of the story, wrapped to the width of the terminal. */
  say(text: string, style?: Style): void {
    const stamp = `${this.seconds.toFixed(1).padStart(5)}s  `;
    for (const [at, line] of wrap(text, this.width - STAMP_WIDTH).entries())
      this.write(this.style('dim', at === 0 ? stamp : ' '.repeat(stamp.length)) + this.style(style, line));
  }

  /** A text that somebody reads: a heading, and the words behind a rule. */
  quote(heading: string, text: string): void {
    this.write(`${' '.repeat(STAMP_WIDTH)}${this.style('cyan', heading)}`);
    for (const line of text.split('\n').flatMap((one) => wrap(one, this.width - STAMP_WIDTH - 4)))
      this.write(`${' '.repeat(STAMP_WIDTH)}${this.style('dim', '|')} ${line}`);
  }

  /** A line as it is. */
  plain(text: string, style?: Style): void {
    this.write(this.style(style, text));
  }

  /** Shows the current activity. A terminal shows it in the last line until the next output; elsewhere it is printed after 5 s without output. */
  progress(text: string): void {
    if (!this.live) {
      if (this.seconds - this.quietSince > QUIET_S) this.say(text);
      return;
    }
    this.status = `${this.seconds.toFixed(1).padStart(5)}s  ${text}`;
    this.output.write(CLEAR_LINE + this.style('dim', this.status.slice(0, this.width - 1)));
  }

  /** Takes away the line that shows what goes on. */
  clear(): void {
    if (this.status) this.output.write(CLEAR_LINE);
    this.status = '';
  }

  private write(line: string): void {
    this.clear();
    this.quietSince = this.seconds;
    this.output.write(`${line}\n`);
  }

  private style(style: Style | undefined, text: string): string {
    return style && this.colours && text ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

/** Breaks a line between words, or anywhere in Chinese text but before punctuation; wide characters take two columns. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let taken = 0;
  for (const part of text.match(/[\u2e80-\uffef][，。；：、！？】]?|[^\s\u2e80-\uffef]+|\s+/gu) ?? []) {
    const columns = [...part].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
    if (taken + columns > width && line.trim() !== '') {
      lines.push(line.trimEnd());
      [line, taken] = ['', 0];
      if (part.trim() === '') continue;
    }
    line += part;
    taken += columns;
  }
  return [...lines, line.trimEnd()];
}
