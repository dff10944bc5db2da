import { createServer, type Server } from 'node:http';

/** Behaviours of the place that apps reported to before. */
export type UpstreamState = 'accepting' | 'slow' | 'refusing' | 'away';

/** Events that it has taken, by their ids, and how often one came again. */
export interface UpstreamReport {
  readonly taken: number;
  readonly again: number;
}

/** Orders from the bench: to become something, on the port that is given, or to say what came. */
export type UpstreamOrder =
  { readonly become: UpstreamState; readonly port: number; readonly delayMs: number } | { readonly report: true };

const taken = new Set<string>();
let again = 0;
let state: UpstreamState = 'accepting';
let delay = 0;
let server: Server | undefined;

function listen(port: number): Promise<number> {
  const opened = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (state === 'refusing') return void response.writeHead(503).end();
      setTimeout(() => {
        const id = /"event_id":"([0-9a-f]{32})"/.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? '';
        if (taken.has(id)) again += 1;
        taken.add(id);
        response.end('{}');
      }, delay);
    });
  });
  server = opened;
  return new Promise((done) =>
    opened.listen(port, '127.0.0.1', () => done((opened.address() as { port: number }).port)),
  );
}

async function become(order: Exclude<UpstreamOrder, { report: true }>): Promise<number> {
  state = order.become;
  delay = order.become === 'slow' ? order.delayMs : 0;
  if (state !== 'away') return server?.listening ? order.port : listen(order.port);
  server?.closeAllConnections();
  await new Promise((done) => server?.close(done));
  return order.port;
}

process.on('message', (order: UpstreamOrder) => {
  if ('report' in order) process.send?.({ taken: taken.size, again } satisfies UpstreamReport);
  else void become(order).then((port) => process.send?.(port));
});
process.once('disconnect', () => process.exit(0));
