// A small shop that reports its errors with a real Sentry SDK, run in a process of its own by the journeys.
// usage: node sentry-app.mjs PACKAGE   with SENTRY_DSN set and a JSON list of requests on standard input:
// [{"customer": {"id": "c1"}, "do": "checkout"}, ...]. Ends with exit code 1 when the SDK could not deliver.
import { text } from 'node:stream/consumers';

const sdk = await import(process.argv[2]);

sdk.init({
  dsn: process.env.SENTRY_DSN,
  release: process.env.SENTRY_RELEASE ?? 'shop@2.4.1',
  environment: 'production',
  // De-duplication would drop the same error of the next customer: whom a fault hit is what we want to know.
  integrations: (defaults) => defaults.filter((one) => one.name !== 'Dedupe'),
});

const SHOP = {
  checkout: function applyCoupon(basket) {
    return basket.coupon.total;
  },
  search: function readPage() {
    throw new RangeError('page must be positive');
  },
  login: function checkPassword() {
    throw new Error('password store does not answer');
  },
};

for (const { customer, do: what } of JSON.parse(await text(process.stdin))) {
  sdk.withScope((scope) => {
    scope.setUser(customer);
    try {
      SHOP[what]({});
    } catch (error) {
      sdk.captureException(error);
    }
  });
}
if (!(await sdk.flush(15_000))) process.exitCode = 1;
await sdk.close(1000);
