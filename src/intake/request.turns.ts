import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Requests that are read in one turn of the event loop. */
const A_TURN = 4;
/** Bytes of bodies that wait at most; beyond it a request is read at once, so that no more comes in than is worked off. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * The queue of requests that have arrived and are still to be read. They are read a few at a time, one turn of the event loop after
 * the other, so that answers of the database are seen in between: otherwise the server rests while a hundred requests are read, and
 * this process rests while the server works.
 */
@Injectable()
export class RequestTurns {
  private readonly queue: { readonly go: () => void; readonly bytes: number }[] = [];
  private bytes = 0;
  private running = false;

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.queue.length;
  }

  /**
   * Resolves when it is the caller's turn, in the order of calls.
   * @param bytes what the caller holds in memory while it waits
   */
  next(bytes: number): Promise<void> {
    if (this.bytes + bytes > MOST_WAITING_BYTES) return Promise.resolve();
    return new Promise((go) => {
      this.queue.push({ go, bytes });
      this.bytes += bytes;
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.queue.length > 0) {
      await nextTurn();
      for (const { go, bytes } of this.queue.splice(0, A_TURN)) {
        this.bytes -= bytes;
        go();
      }
    }
    this.running = false;
  }
}
