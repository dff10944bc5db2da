import { type ServerResponse } from 'node:http';

/** Event for a bot that reads along; `id` names the place in the stream after it. */
export interface StreamEvent {
  readonly name: 'incident' | 'gone' | 'ready' | 'reset';
  readonly data: unknown;
  readonly id?: number;
}

/** Text of events in the form of server-sent events (WHATWG HTML, section 9.2). */
export function eventText({ name, data, id }: StreamEvent): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** One bot that reads along. What it is too slow for is not kept: once it reads again, it gets what is true then. */
export class Follower {
  /** Version up to which it has everything; undefined before the first event. */
  cursor: number | undefined;
  private blocked = false;
  private ticks = 0;
  private blockedTicks = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly onFree: () => void,
  ) {}

  /** Whether what was written last is still on its way. */
  get isBusy(): boolean {
    return this.blocked;
  }

  /** Writes events; false once the connection takes no more for now. */
  write(events: readonly StreamEvent[]): void {
    if (events.length > 0) this.send(events.map(eventText).join(''));
  }

  /** Keeps the connection alive through proxies; counts for how long it has been open and blocked, in beats. */
  beat(): { readonly open: number; readonly blocked: number } {
    this.ticks++;
    this.blockedTicks = this.blocked ? this.blockedTicks + 1 : 0;
    if (!this.blocked) this.send(': still here\n\n');
    return { open: this.ticks, blocked: this.blockedTicks };
  }

  /** Ends it; the bot connects again and goes on where it was. */
  end(): void {
    this.response.end();
  }

  /** Cuts a connection that takes nothing any more. */
  cut(): void {
    this.response.destroy();
  }

  private send(text: string): void {
    if (this.response.write(text) || this.blocked) return;
    this.blocked = true;
    this.response.once('drain', () => {
      this.blocked = false;
      this.onFree();
    });
  }
}
