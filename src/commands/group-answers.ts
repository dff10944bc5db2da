/** Answers a block, so that a block's ids are one buffer outside the heap. */
const BLOCK = 8_192;

interface Block {
  readonly ids: Buffer;
  readonly handles: Int32Array;
}

/** Holds the ids of all answers and the group of each until the groups stand, at about 4 bytes an answer and the id's own length. */
export class GroupAnswers {
  private readonly blocks: Block[] = [];
  private ids: string[] = [];
  private handles: number[] = [];

  add(id: string | number, handle: number): void {
    this.ids.push(JSON.stringify(id));
    this.handles.push(handle);
    if (this.ids.length === BLOCK) this.close();
  }

  /** Every id, as JSON, with its group's handle, in the order of `add`. */
  *[Symbol.iterator](): Generator<readonly [id: string, handle: number]> {
    this.close();
    for (const { ids, handles } of this.blocks) {
      for (const [at, id] of ids.toString('utf8').split('\n').entries()) yield [id, handles[at] ?? -1];
    }
  }

  private close(): void {
    if (this.ids.length === 0) return;
    this.blocks.push({ ids: Buffer.from(this.ids.join('\n')), handles: Int32Array.from(this.handles) });
    this.ids = [];
    this.handles = [];
  }
}
