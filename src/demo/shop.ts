import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type DemoCustomer } from './customers.js';

/** How long the shop may take to start or to end. */
const PATIENCE_MS = 30_000;

/** A page that a customer asks the shop for. */
export interface Visit {
  readonly customer: DemoCustomer;
  readonly path: string;
}

/** The shop in one release, running in a process of its own. */
export class Shop {
  private constructor(
    private readonly child: ChildProcess,
    private readonly base: string,
  ) {}

  /** Deploys a release; it answers visits when this returns. */
  static async deploy(release: string, dsn: string): Promise<Shop> {
    const child = fork(fileURLToPath(new URL('./shop-app.js', import.meta.url)), {
      env: { PATH: process.env.PATH, RELEASE: release, SENTRY_DSN: dsn },
      execArgv: [],
    });
    const { port } = (await reply(child)) as { port: number };
    return new Shop(child, `http://127.0.0.1:${port}`);
  }

  /** Asks for a page; true when the customer got it, false when they met an error. */
  async visit({ customer, path }: Visit, signal: AbortSignal): Promise<boolean> {
    const headers = { 'x-customer': customer.externalId, 'x-platform': customer.attributes.platform };
    const response = await fetch(this.base + path, { headers, signal });
    await response.text();
    return response.ok;
  }

  /** Takes the release down once its SDK has sent everything; returns how many errors the app met. */
  async retire(): Promise<number> {
    const answer = reply(this.child);
    this.child.send('end');
    return ((await answer) as { errors: number }).errors;
  }

  /** Ends the process at once. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}

async function reply(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const gone = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('the shop app ended early')));
    const [message] = (await Promise.race([once(child, 'message', { signal }), gone])) as unknown[];
    return message;
  } finally {
    stop.abort();
  }
}
