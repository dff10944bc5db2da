/** Work in pieces: whoever does it may let others have their turn at each `yield`. */
export type Turns<T> = Generator<undefined, T>;

/** Does all of it at once. */
export function atOnce<T>(work: Turns<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}
