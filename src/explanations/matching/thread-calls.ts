import { type MessagePort, type Worker } from 'node:worker_threads';
import { messageOf } from '../../platform/errors.js';

interface Call {
  readonly id: number;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly fault?: string;
}

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (fault: Error) => void;
}

/** Calls into a thread that starts with the first of them, and anew with the first after it fell over. */
export class ThreadCalls<Argument, Value> {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(private readonly start: () => Worker) {}

  /** Whether the thread runs. */
  get running(): boolean {
    return this.worker !== undefined;
  }

  /** @throws Error with the thread's own words when it failed, or fell over before it answered */
  call(argument: Argument): Promise<Value> {
    const worker = (this.worker ??= this.begin());
    const id = (this.last += 1);
    return new Promise((done, failed) => {
      this.waiting.set(id, { done: done as (value: unknown) => void, failed });
      worker.postMessage({ id, argument } satisfies Call);
    });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private begin(): Worker {
    const worker = this.start();
    worker.unref();
    worker.on('message', (reply: Reply) => {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (reply.fault === undefined) waiting?.done(reply.value);
      else waiting?.failed(new Error(reply.fault));
    });
    const end = (fault: unknown) => {
      if (this.worker !== worker) return;
      this.worker = undefined;
      for (const { failed } of this.waiting.values()) failed(new Error(messageOf(fault)));
      this.waiting.clear();
    };
    worker.on('error', end);
    worker.on('exit', () => end('the thread ended'));
    return worker;
  }
}

/** The other side of `ThreadCalls`, inside the thread. */
export function answerCalls<Argument, Value>(
  port: MessagePort | null,
  answer: (argument: Argument) => Promise<Value>,
): void {
  port?.on('message', ({ id, argument }: Call) => {
    answer(argument as Argument).then(
      (value) => port.postMessage({ id, value } satisfies Reply),
      (fault: unknown) => port.postMessage({ id, fault: messageOf(fault) } satisfies Reply),
    );
  });
}
