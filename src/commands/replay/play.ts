import { type DatedEvent } from './exported-events.js';

/** The daemon that a replay plays to. */
export interface Stage {
  take(events: readonly DatedEvent[], now: number): Promise<void>;
  look(now: number): Promise<void>;
}

/** Shortest and longest time between two looks while events come, milliseconds: the live daemon looks each second, and a minute is close enough for a week. */
const SHORTEST_STEP_MS = 10_000;
const LONGEST_STEP_MS = 60_000;
/** Looks at most while events come without a pause, as far as the longest step allows. */
const STEPS = 4000;
/** Events taken at once. */
const BATCH = 400;
/** Looks after the last event before a pause, milliseconds after it: when its minute is closed, and while incidents end. */
const AFTERWARDS_MS = [2, 5, 15, 30, 45, 60, 90, 120, 180, 240, 360].map((minutes) => minutes * 60_000);

/**
 * Plays events to a daemon in the order of their times, whose clock goes along. In a pause of the events it looks a few more times and then jumps.
 * @param events in the order of their times
 * @param onStep hears how many events are done
 */
export async function play(
  stage: Stage,
  events: readonly DatedEvent[],
  onStep: (done: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const [first, last] = [events[0]?.at ?? 0, events.at(-1)?.at ?? 0];
  const step = Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, Math.ceil((last - first) / STEPS)));
  for (let done = 0; done < events.length;) {
    const now = (Math.floor((events[done]?.at ?? 0) / step) + 1) * step;
    while ((events[done]?.at ?? Infinity) < now) {
      signal.throwIfAborted();
      const batch = batchFrom(events, done, now);
      await stage.take(batch, now);
      done += batch.length;
    }
    await stage.look(now);
    onStep(done);
    const next = events[done]?.at ?? Infinity;
    for (const pause of AFTERWARDS_MS) {
      if (now + pause >= next) break;
      signal.throwIfAborted();
      await stage.look(now + pause);
    }
  }
}

function batchFrom(events: readonly DatedEvent[], from: number, until: number): readonly DatedEvent[] {
  let to = from;
  while (to < events.length && to - from < BATCH && (events[to]?.at ?? Infinity) < until) to++;
  return events.slice(from, to);
}
