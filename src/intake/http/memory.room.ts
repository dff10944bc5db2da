import { Injectable } from '@nestjs/common';

/**
 * Bytes that requests may take up together while they are read and until they are committed: decompressed bodies, and what is parsed of
 * them. A third of what the chart gives the process (1 GB). Half of it lets large requests wait for each other, double leaves no room for
 * the rest.
 */
const CAPACITY = 320 * 1024 * 1024;
/** Of that, what is kept for small requests, so that none of them waits behind large ones: four hundred of them at once. */
const FOR_SMALL = 48 * 1024 * 1024;
/** Up to this many bytes a request is small: 5 kB of JSON, as nearly every event is. */
const SMALL = 120 * 1024;
/** Bytes of objects that one byte of JSON becomes at most: `{},` is three bytes, and an empty object 56 with its place in a list. */
const OBJECTS_OF_A_BYTE = 21;
/** Bytes of objects that one text becomes at most, by `MAX_PARSED_VALUES`: measured 28 MB for 125,000 objects of one key each. */
const MOST_OBJECTS = 32 * 1024 * 1024;

/** Room that a request holds. */
export interface HeldRoom {
  /** Changes how much it holds. */
  resize(bytes: number): void;
  /** Gives all of it back; once, later calls do nothing. */
  release(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** Bytes that a decompressed body may take up, with its text and its objects. */
export function weightOf(bodyBytes: number): number {
  return 2 * bodyBytes + Math.min(OBJECTS_OF_A_BYTE * bodyBytes, MOST_OBJECTS);
}

/** The memory for bodies that are being read. Whoever finds no room waits, in the order of asking; small ones wait for small ones alone. */
@Injectable()
export class MemoryRoom {
  private readonly small = new Part(FOR_SMALL);
  private readonly large = new Part(CAPACITY - FOR_SMALL);

  /** Bytes held now. */
  get used(): number {
    return this.small.held + this.large.held;
  }

  /** Resolves when there is room; more than all of it counts as all of it. */
  hold(bytes: number): Promise<HeldRoom> {
    return (bytes <= SMALL ? this.small : this.large).hold(bytes);
  }
}

/** One part of the room, with a queue of its own. */
class Part {
  held = 0;
  private readonly queue: Waiting[] = [];

  constructor(private readonly capacity: number) {}

  async hold(bytes: number): Promise<HeldRoom> {
    const wanted = Math.min(bytes, this.capacity);
    if (this.queue.length > 0 || this.held + wanted > this.capacity)
      await new Promise<void>((go) => this.queue.push({ bytes: wanted, go }));
    else this.held += wanted;
    return this.given(wanted);
  }

  private given(bytes: number): HeldRoom {
    let mine = bytes;
    const resize = (to: number) => {
      this.held += to - mine;
      mine = to;
      this.letIn();
    };
    return { resize, release: () => resize(0) };
  }

  private letIn(): void {
    for (let next = this.queue[0]; next && this.held + next.bytes <= this.capacity; next = this.queue[0]) {
      this.queue.shift();
      this.held += next.bytes;
      next.go();
    }
  }
}
