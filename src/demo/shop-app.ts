/**
 * A small shop, run by the demo as a process of its own: what a team's app looks like with a Sentry SDK in it. It knows
 * Forewarn by its DSN only. Environment: `SENTRY_DSN`, `RELEASE`.
 */
import * as Sentry from '@sentry/node';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';

const release = process.env.RELEASE ?? '';

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  release,
  environment: 'production',
  tracesSampleRate: 1,
  // Since version 11 the SDK drops an error that equals the one before, without a look at the user: of five customers
  // who hit the same fault in a row, four would stay unknown and would not be told.
  integrations: (defaults) => defaults.filter((one) => one.name !== 'Dedupe'),
});

interface Cart {
  readonly items: number;
  readonly coupon?: { readonly percent: number };
}

const PRODUCTS: Readonly<Record<string, { readonly title: string }>> = { tea: { title: 'Tea' }, cup: { title: 'Cup' } };

function showProduct(id: string): string {
  const product = PRODUCTS[id] as { title: string };
  return product.title.toUpperCase();
}

function search(query: string): string {
  return `0 results for ${decodeURIComponent(query)}`;
}

function invoice(order: string): string {
  if (order.endsWith('7')) throw new Error(`the tax service did not answer for order ${order} within 3000 ms`);
  return `invoice of ${order}`;
}

/** Release 2.4.1 takes it for granted that the app sends a coupon; the iOS app leaves the field out. */
function applyCoupon(cart: Cart): number {
  const coupon = release === '2.4.1' ? (cart.coupon as { percent: number }) : (cart.coupon ?? { percent: 0 });
  return (cart.items * 10 * (100 - coupon.percent)) / 100;
}

function checkout(platform: string): string {
  const cart: Cart = platform === 'ios' ? { items: 2 } : { items: 2, coupon: { percent: 0 } };
  return `paid ${applyCoupon(cart)}`;
}

function route(path: string, platform: string): string {
  const [, page = '', argument = ''] = path.split('/');
  switch (page) {
    case 'products':
      return showProduct(argument);
    case 'search':
      return search(argument);
    case 'invoices':
      return invoice(argument);
    case 'checkout':
      return checkout(platform);
    default:
      return 'the shop';
  }
}

let errors = 0;

function answer(request: IncomingMessage): { status: number; text: string } {
  const platform = String(request.headers['x-platform']);
  return Sentry.withIsolationScope((scope) => {
    scope.setUser({ id: String(request.headers['x-customer']) });
    scope.setTag('os', platform);
    try {
      const path = request.url ?? '/';
      const page = { name: `GET ${path}`, op: 'http.server' };
      return { status: 200, text: Sentry.startSpan(page, () => route(path, platform)) };
    } catch (error) {
      errors++;
      Sentry.captureException(error, { mechanism: { type: 'http', handled: false } });
      return { status: 500, text: 'Something went wrong.' };
    }
  });
}

const server = createServer((request, response) => {
  const { status, text } = answer(request);
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
});

/** Waits until the SDK has handed everything over, then tells how many errors it was given. */
async function end(): Promise<void> {
  await Sentry.close(10_000);
  process.send?.({ errors }, () => process.disconnect());
  server.close();
  server.closeAllConnections();
}

process.on('message', () => void end());
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole terminal; the demo ends its shop itself
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
