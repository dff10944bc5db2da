import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Where the modules of the browser SDK lie below node_modules, by the names that they import each other by. */
const MODULES = {
  '@sentry/browser': '@sentry/browser/build/npm/esm/prod/index.js',
  '@sentry/browser-utils': '@sentry/browser-utils/build/esm/index.js',
  '@sentry/core': '@sentry/core/build/esm/index.js',
  '@sentry/core/browser': '@sentry/core/build/esm/browser.js',
  '@sentry/feedback': '@sentry/feedback/build/npm/esm/index.js',
  '@sentry/replay': '@sentry/replay/build/npm/esm/index.js',
  '@sentry/replay-canvas': '@sentry/replay-canvas/build/npm/esm/index.js',
  '@sentry/conventions/attributes': '@sentry/conventions/dist/attributes.mjs',
  '@sentry/conventions/metrics': '@sentry/conventions/dist/metrics.mjs',
  '@sentry/conventions/op': '@sentry/conventions/dist/op.mjs',
  'web-vitals': 'web-vitals/dist/web-vitals.js',
} as const;

/** A web server with one page, a shop whose errors the real browser SDK reports; an origin of its own. */
export class BrowserPage {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** `dsn` is where the page reports to. */
  static async start(dsn: string): Promise<BrowserPage> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(html(dsn));
      if (!/^\/(?:@sentry|web-vitals)\/[\w./-]+\.m?js$/.test(path) || path.includes('..'))
        return void response.writeHead(404).end();
      readFile(PACKAGES + path).then(
        (code) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(code),
        () => response.writeHead(404).end(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BrowserPage(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

function html(dsn: string): string {
  const imports = Object.fromEntries(Object.entries(MODULES).map(([name, path]) => [name, `/${path}`]));
  return `<!doctype html><title>Shop</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import * as Sentry from '@sentry/browser';
  Sentry.init({
    dsn: ${JSON.stringify(dsn)},
    release: 'shop@2.4.1',
    environment: 'staging',
    transport: Sentry.makeBrowserOfflineTransport(Sentry.makeFetchTransport),
    integrations: (defaults) => defaults.filter((one) => one.name !== 'Dedupe'),
  });
  function applyCoupon(basket) {
    return basket.coupon.total;
  }
  window.shop = {
    checkout(customer) {
      Sentry.setUser({ id: customer });
      setTimeout(() => applyCoupon({}), 0);
      return new Promise((done) => window.addEventListener('error', () => done(), { once: true }));
    },
    write: (message) => Sentry.captureFeedback({ message, email: 'anna@customers.example' }),
    flush: () => Sentry.flush(10_000),
  };
</script>`;
}
