/** Last `size` numbers of a stream, newest first by index. */
export class Window {
  private readonly values: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(readonly size: number) {
    this.values = new Float64Array(size);
  }

  get length(): number {
    return this.filled;
  }

  get full(): boolean {
    return this.filled === this.size;
  }

  push(value: number): void {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.size;
    if (this.filled < this.size) this.filled += 1;
  }

  /** Reads the value `age` steps ago, 0 being the newest; undefined beyond what is held. */
  at(age: number): number | undefined {
    if (age < 0 || age >= this.filled) return undefined;
    return this.values[(this.next - 1 - age + 2 * this.size) % this.size];
  }

  /** Computes the mean of the values of ages `from` (inclusive) to `to` (exclusive). */
  mean(from: number, to: number): number {
    let sum = 0;
    for (let age = from; age < to; age++) sum += this.at(age) ?? 0;
    return sum / (to - from);
  }

  /** Computes the standard deviation of the values of ages 0 (inclusive) to `to` (exclusive). */
  deviation(to: number): number {
    const mean = this.mean(0, to);
    let sum = 0;
    for (let age = 0; age < to; age++) sum += ((this.at(age) ?? 0) - mean) ** 2;
    return Math.sqrt(sum / to);
  }

  /** Computes the median of the newest `count` values, or of all that are held if they are fewer. */
  median(count: number): number {
    const size = Math.min(count, this.filled);
    const sorted = new Float64Array(size);
    for (let age = 0; age < size; age++) sorted[age] = this.at(age) ?? 0;
    sorted.sort();
    const half = (size - 1) / 2;
    return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
  }

  /** Exports the values, oldest first, for {@link Window.restore}. */
  export(): number[] {
    return Array.from({ length: this.filled }, (_, i) => this.at(this.filled - 1 - i) ?? 0);
  }

  restore(values: readonly number[]): void {
    this.next = 0;
    this.filled = 0;
    for (const value of values) this.push(value);
  }
}
