import { Injectable } from '@nestjs/common';

/**
 * Bytes that requests may take up together while they are read and until they are committed: decompressed bodies, and what is parsed of
 * them. A third of what the chart gives the process (1 GB). Half of it lets large requests wait for each other, double leaves no room for
 * the rest.
 */
const CAPACITY = 320 * 1024 * 1024;
/**
 * Parts of it, so that no request waits behind much larger ones: up to which size a request belongs to it, its share of the whole, and how many may be in it
 * at once. Small is 5 kB of JSON, as nearly every event is, four hundred of them; heavy is more than 90 kB. Of heavy ones eight, since what
 * becomes of their events takes several times what we can tell beforehand, and they are read one after the other anyway: with as many as have room
 * bench:hostile stood at 980 MB.
 */
const SMALL = { upTo: 120 * 1024, capacity: 48 * 1024 * 1024, most: Infinity };
const MEDIUM = { upTo: 2 * 1024 * 1024, capacity: 72 * 1024 * 1024, most: Infinity };
const HEAVY = { upTo: Infinity, capacity: CAPACITY - SMALL.capacity - MEDIUM.capacity, most: 8 };
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

/** The memory for bodies that are being read. Whoever finds no room waits for those of about the same size, in the order of asking. */
@Injectable()
export class MemoryRoom {
  private readonly parts = [SMALL, MEDIUM, HEAVY].map((limits) => new Part(limits));

  /** Bytes held now. */
  get used(): number {
    return this.parts.reduce((sum, part) => sum + part.held, 0);
  }

  /** Resolves when there is room; more than all of it counts as all of it. */
  hold(bytes: number): Promise<HeldRoom> {
    const part = this.parts.find(({ limits }) => bytes <= limits.upTo) ?? this.parts.at(-1)!;
    return part.hold(bytes);
  }
}

/** One part of the room, with a queue of its own. */
class Part {
  held = 0;
  private inside = 0;
  private readonly queue: Waiting[] = [];

  constructor(readonly limits: { readonly upTo: number; readonly capacity: number; readonly most: number }) {}

  async hold(bytes: number): Promise<HeldRoom> {
    const wanted = Math.min(bytes, this.limits.capacity);
    if (this.queue.length > 0 || !this.fits(wanted))
      await new Promise<void>((go) => this.queue.push({ bytes: wanted, go }));
    else this.enter(wanted);
    return this.given(wanted);
  }

  private fits(bytes: number): boolean {
    return this.inside < this.limits.most && this.held + bytes <= this.limits.capacity;
  }

  private enter(bytes: number): void {
    this.held += bytes;
    this.inside += 1;
  }

  private given(bytes: number): HeldRoom {
    let mine = bytes;
    let isOut = false;
    const resize = (to: number) => {
      if (isOut) return;
      this.held += to - mine;
      mine = to;
      this.letIn();
    };
    const release = () => {
      if (isOut) return;
      this.inside -= 1;
      resize(0);
      isOut = true;
    };
    return { resize, release };
  }

  private letIn(): void {
    for (let next = this.queue[0]; next && this.fits(next.bytes); next = this.queue[0]) {
      this.queue.shift();
      this.enter(next.bytes);
      next.go();
    }
  }
}
