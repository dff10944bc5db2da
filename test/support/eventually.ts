const WAIT_MS = 30_000;
const PAUSE_MS = 25;

/** Asks until `check` accepts the answer, and returns it; fails with the last answer after 30 s. For daemons that run by themselves. */
export async function eventually<T>(what: string, ask: () => Promise<T>, check: (answer: T) => boolean): Promise<T> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (check(answer)) return answer;
    if (Date.now() > until) throw new Error(`${what}: still ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
