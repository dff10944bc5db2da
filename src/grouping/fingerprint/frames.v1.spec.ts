import { describe, expect, it } from '@jest/globals';
import { type Frame } from '../../events/event.js';
import { appFrameTest, isPlumbing, readCodeFrame } from './frames.v1.js';
import { helperKind } from './helpers.v1.js';

function isApp(frame: Frame, ...others: Frame[]): boolean {
  return appFrameTest([{ frames: [frame, ...others] }], 'other')(frame);
}

describe('frames of the app', () => {
  it('are those that the SDK marks, if it marks any', () => {
    expect(isApp({ module: 'org.apache.shop.Cart', function: 'total', inApp: true })).toBe(true);
    expect(isApp({ module: 'shop.Cart', function: 'total' }, { module: 'shop.Web', inApp: true })).toBe(false);
  });

  it.each<Frame>([
    { module: 'java.util.HashMap', function: 'get' },
    { filename: 'node:internal/process/task_queues', function: 'tick' },
    { filename: '/srv/shop/node_modules/pg/lib/client.js', function: 'query' },
    { filename: 'views.py', absPath: '/usr/lib/python3/dist-packages/lib/views.py', function: 'get' },
    { filename: 'chrome-extension://abcdef/content.js', function: 'run' },
  ])('are not those of a known runtime or library if nothing is marked: %j', (frame) => {
    expect(isApp(frame)).toBe(false);
    expect(isApp({ filename: '/srv/shop/cart.js', function: 'total' })).toBe(true);
  });

  it('are never those of the runtime, even when marked', () => {
    expect(isApp({ module: 'java.lang.Thread', function: 'run', inApp: true })).toBe(false);
    expect(isApp({ filename: '[native code]', function: 'forEach', inApp: true })).toBe(false);
  });

  it.each<[string, Frame]>([
    ['java', { module: 'sun.reflect.GeneratedMethodAccessor4', function: 'invoke' }],
    ['java', { module: 'com.sun.proxy.$Proxy12', function: 'pay' }],
    ['javascript', { filename: 'app.js', function: 'asyncGeneratorStep' }],
    ['javascript', { filename: '[native code]', function: 'forEach' }],
    ['python', { module: 'shop.cart', function: '<listcomp>' }],
  ])('are not those that merely pass a call on: %s %j', (platform, frame) => {
    expect(isPlumbing(frame, platform)).toBe(true);
  });

  it.each<[string, Frame]>([
    ['python', { module: 'shop.jobs', function: 'abort' }],
    ['ruby', { filename: 'app/raise.rb', function: 'raise' }],
    ['native', { filename: 'spool.c', function: 'read', inApp: true }],
  ])('may have the names of system calls: %s %j', (platform, frame) => {
    expect(isPlumbing(frame, platform)).toBe(false);
  });
});

describe('labels for people', () => {
  it.each<[Frame, string, string]>([
    [{ module: 'com.shop.checkout.Cart$Item', function: 'total' }, 'java', 'Cart.Item.total'],
    [
      { filename: 'https://cdn.shop.test/js/cart.5f3a91c2.js', function: 'Object.applyCoupon' },
      'javascript',
      'cart.applyCoupon',
    ],
    [{ module: 'checkout', function: 'async applyCoupon' }, 'node', 'checkout.applyCoupon'],
    [{ module: 'Shop', function: '-[Cart load]' }, 'cocoa', '-[Cart load]'],
    [{ filename: 'app.js', function: 't' }, 'javascript', 'app'],
    [{}, 'other', 'code without names'],
  ])('read %j on %s as %s', (frame, platform, label) => {
    expect(readCodeFrame(frame, platform).label).toBe(label);
  });
});

describe('helpers that throw on behalf of their callers', () => {
  it.each([
    ['shop.util.Validate', 'isTrue', 'asserts'],
    ['shop.util.Args', 'checkNotNull', 'asserts'],
    ['shop.Bounds', 'verifyRange', 'reports'],
    ['shop.Parser', '_constructError', 'reports'],
    ['shop.OrderException', 'of', 'reports'],
    ['shop/errors', 'bad_request', 'reports'],
  ])('are told by name: %s %s', (place, name, kind) => {
    expect(helperKind(place, name)).toBe(kind);
  });

  it.each([
    ['shop.Cart', 'applyCoupon'],
    ['shop.Checkout', 'pay'],
    ['shop.Mirror', 'reflect'],
    ['shop.Order', 'requirements'],
  ])('do not include ordinary functions: %s %s', (place, name) => {
    expect(helperKind(place, name)).toBeUndefined();
  });
});
