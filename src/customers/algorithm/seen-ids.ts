/** Where the table begins, and how full it may get: at 60 % a look-up takes two steps on average (Knuth 6.4, linear probing). */
const FIRST_SIZE = 1 << 12;
const FULL = 0.6;

/**
 * Remembers which ids were seen, in 14 bytes each on average: a 53-bit hash of each in an open table. Two ids of a million have the same hash
 * once in 18,000 imports; one is then told as repeated, and nothing else comes of it.
 */
export class SeenIds {
  private table = new Float64Array(FIRST_SIZE);
  private size = 0;

  /** True when the id was seen before. */
  see(id: string): boolean {
    if (this.size >= this.table.length * FULL) this.grow();
    const seen = this.put(hashOf(id));
    if (!seen) this.size++;
    return seen;
  }

  private put(hash: number): boolean {
    const { table } = this;
    for (let at = hash % table.length; ; at = (at + 1) % table.length) {
      if (table[at] === hash) return true;
      if (table[at] === 0) {
        table[at] = hash;
        return false;
      }
    }
  }

  private grow(): void {
    const old = this.table;
    this.table = new Float64Array(old.length * 2);
    for (const hash of old) if (hash !== 0) this.put(hash);
  }
}

/** cyrb53 (bryc, public domain): 53 bits, never 0. */
function hashOf(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0) || 1;
}
