import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FairQueue, type Waiting } from './fair-queue.js';

/** Requests that are read in one turn of the event loop at most, and bytes of theirs: one large body is a turn of its own. */
const A_TURN = 4;
const A_TURN_BYTES = 64 * 1024;
/** Events of one request that are worked off in a turn. */
const A_SLICE = 64;

/** Whom a request is from, before its key is checked: requests of a lane take turns with other lanes, and those of a sender with others of the lane. */
export interface Queued {
  /** The project, or the key that the request shows. */
  readonly lane: string;
  /** The network address. */
  readonly sender: string;
}

interface WaitingRequest extends Waiting {
  readonly go: () => void;
}

/**
 * The queue of requests that have arrived and are still to be read. They are read a few at a time, one turn of the event loop after
 * the other, so that answers of the database are seen in between: otherwise the server rests while a hundred requests are read, and
 * this process rests while the server works. Senders take turns, so that large requests of one do not hold up another.
 */
@Injectable()
export class RequestTurns {
  private readonly queue = new FairQueue<WaitingRequest>();
  private requests = 0;
  private running = false;

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.requests;
  }

  /** Resolves when it is the caller's turn, in the order of calls of one sender. */
  next(bytes: number, { lane, sender }: Queued): Promise<void> {
    return new Promise((go) => {
      this.queue.push({ lane, sender, size: Math.max(bytes, A_TURN_BYTES / A_TURN), go });
      this.requests += 1;
      if (!this.running) void this.run();
    });
  }

  /** Waits for a further turn of a request that is under way. */
  further(from: Queued): Promise<void> {
    return this.next(A_TURN_BYTES, from);
  }

  /** Works off what may be thousands of things, some at once and the rest in turns of their own. */
  async map<T, R>(things: readonly T[], from: Queued, work: (thing: T) => R): Promise<R[]> {
    const results: R[] = [];
    for (const [at, thing] of things.entries()) {
      if (at > 0 && at % A_SLICE === 0) await this.further(from);
      results.push(work(thing));
    }
    return results;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.requests > 0) {
      await nextTurn();
      for (const { go } of this.queue.take(A_TURN_BYTES)) {
        this.requests -= 1;
        go();
      }
    }
    this.running = false;
  }
}
