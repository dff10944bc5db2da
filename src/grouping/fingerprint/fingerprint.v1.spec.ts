import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AppEvent, type ExceptionValue, type Frame } from '../../events/event.js';
import { fingerprintV1 } from './fingerprint.v1.js';

function anEvent(over: Partial<AppEvent>): AppEvent {
  const base = {
    eventId: '0'.repeat(32),
    occurredAt: 0,
    platform: 'java',
    level: 'error',
    environment: 'production',
  } as const;
  return { ...base, exceptions: [], tags: {}, ...over };
}

/** Frames as "module.Class.function", oldest first; a leading "-" marks library code. */
function frames(...names: string[]): Frame[] {
  return names.map((name, i) => {
    const path = name.replace(/^-/, '');
    const dot = path.lastIndexOf('.');
    return { module: path.slice(0, dot), function: path.slice(dot + 1), lineno: i + 1, inApp: !name.startsWith('-') };
  });
}

function thrown(type: string | undefined, value: string, ...stack: string[]): ExceptionValue {
  return { type, value, frames: frames(...stack) };
}

function keyOf(...exceptions: ExceptionValue[]): string {
  return fingerprintV1(anEvent({ exceptions })).key;
}

function scriptKey(type: string, value: string, frame: Frame, platform = 'javascript'): string {
  return fingerprintV1(anEvent({ platform, exceptions: [{ type, value, frames: [frame] }] })).key;
}

describe('fingerprintV1 on exceptions with a stack', () => {
  it('puts one crash site into one issue whatever call path led there', () => {
    const web = keyOf(thrown('NullPointerException', '', 'shop.Web.post', 'shop.Cart.total'));
    const job = keyOf(thrown('NullPointerException', '', '-lib.Cron.tick', 'shop.Job.run', 'shop.Cart.total'));
    expect(job).toBe(web);
  });

  it('keeps two crash sites apart and two types at one site', () => {
    const total = keyOf(thrown('NullPointerException', '', 'shop.Cart.total'));
    expect(keyOf(thrown('NullPointerException', '', 'shop.Cart.load'))).not.toBe(total);
    expect(keyOf(thrown('ClassCastException', '', 'shop.Cart.total'))).not.toBe(total);
  });

  it('goes by the innermost cause, not by its wrappers', () => {
    const cause = thrown('SQLTimeoutException', 'no answer', 'shop.Stock.read');
    const once = keyOf(cause, thrown('StockException', 'stock failed', 'shop.Web.post'));
    const twice = keyOf(cause, thrown('PageException', 'page failed', 'shop.Page.render'));
    expect(twice).toBe(once);
  });

  it('takes the place from the wrapping exception if the cause has no frame of the app', () => {
    const bare = thrown('ConnectException', 'refused', '-java.net.Socket.connect');
    const pay = keyOf(bare, thrown('PayException', 'x', 'shop.Pay.charge'));
    const ship = keyOf(bare, thrown('PayException', 'x', 'shop.Ship.send'));
    expect(pay).not.toBe(ship);
  });

  it('tells two library calls within one function apart', () => {
    const at = keyOf(thrown('StringIndexOutOfBoundsException', '3', 'shop.Text.cut', '-java.lang.String.charAt'));
    const sub = keyOf(thrown('StringIndexOutOfBoundsException', '3', 'shop.Text.cut', '-java.lang.String.substring'));
    expect(at).not.toBe(sub);
  });

  it('ignores the depths of a library below the call that the app made', () => {
    const call = ['shop.Text.cut', '-java.lang.String.substring'];
    const deep = keyOf(thrown('StringIndexOutOfBoundsException', '', ...call, '-java.lang.String.checkBounds'));
    expect(deep).toBe(keyOf(thrown('StringIndexOutOfBoundsException', '', ...call)));
  });

  it('ignores the wording of errors that the runtime raises itself', () => {
    const old = keyOf(thrown('ArrayIndexOutOfBoundsException', '4', 'shop.Cart.item'));
    const recent = keyOf(
      thrown('ArrayIndexOutOfBoundsException', 'Index 7 out of bounds for length 7', 'shop.Cart.item'),
    );
    expect(recent).toBe(old);
  });

  it('keeps errors of one function apart by wording, and joins those that differ in values only', () => {
    const at = (value: string): string => keyOf(thrown('OrderException', value, 'shop.Order.place'));
    expect(at('Order 17 is already paid')).toBe(at('Order 932 is already paid'));
    expect(at('No value for path: a/b')).toBe(at('No value for path: c'));
    expect(at("Coupon 'SPRING' is used up")).toBe(at("Coupon 'x' is used up"));
    expect(at('Order 17 is already paid')).not.toBe(at('Order 17 is too large'));
    expect(at('Payment gateway failed (status 503)')).not.toBe(at('Payment gateway failed (status 429)'));
  });
});

describe('messages that are nothing but a value', () => {
  const open = (type: string, value: string): string =>
    keyOf(thrown(type, value, 'shop.Main.main', 'shop.Export.open'));

  it.each([
    ['UnsupportedCurrencyException', 'XYZ', 'dogecoin', 'X-99;q=1', "'??'", ''],
    ['ExportException', 'X-99;q=1', 'zone=eu/3', '"north"', '17', 'a1b2-c3', '12 / 13'],
    ['PageNotFoundError', 'checkout', 'cart/7'],
    ['no_such_Topic', 'orders', 'mail'],
  ])('tell no two faults apart: %s', (type, ...values) => {
    expect(new Set(values.map((value) => open(type, value))).size).toBe(1);
    expect(new Set(values.map((value) => keyOf(thrown(type, value)))).size).toBe(1);
  });

  it.each([
    ['PaymentException', 'declined', 'expired', 'card_declined', 'auth/user-not-found'],
    ['InvalidTokenException', 'expired', 'revoked'],
    ['UnsupportedOperationException', 'remove', 'add'],
    ['StoreException', 'ORA-00942', 'ORA-00001', 'ERR_HTTP2_STREAM', 'status=503', 'status=429'],
    ['OrderException', '订单已付款', '订单不存在', '库存不足'],
    ['UnsupportedCurrencyException', 'XYZ', 'No rates for today'],
  ])('are not mistaken for a reason or a code: %s', (type, ...values) => {
    expect(new Set(values.map((value) => open(type, value))).size).toBe(values.length);
  });

  it('are left out of the title', () => {
    const exceptions = [thrown('UnsupportedCurrencyException', 'X-99;q=1', 'shop.Export.open')];
    expect(fingerprintV1(anEvent({ exceptions })).title).toBe('UnsupportedCurrencyException in Export.open');
  });
});

describe('arguments that are refused', () => {
  const refused = (type: string, ...stack: string[]): string => keyOf(thrown(type, 'Negative amount -3', ...stack));

  it.each(['IllegalArgumentException', 'ArgumentOutOfRangeException', 'ArgumentError', 'std::invalid_argument'])(
    'are the fault of who passed them: %s',
    (type) => {
      const cart = refused(type, 'shop.Cart.checkout', 'shop.Money.of');
      expect(refused(type, 'shop.Web.post', 'shop.Cart.checkout', 'shop.Money.of')).toBe(cart);
      expect(refused(type, 'shop.Payout.run', 'shop.Money.of')).not.toBe(cart);
    },
  );

  it('are told by the function that called the library if the library refused them', () => {
    const once = refused('IllegalArgumentException', 'shop.Web.post', 'shop.Cart.checkout', '-lib.Money.of');
    expect(refused('IllegalArgumentException', 'shop.Job.run', 'shop.Cart.checkout', '-lib.Money.of')).toBe(once);
    expect(refused('IllegalArgumentException', 'shop.Web.post', 'shop.Cart.refund', '-lib.Money.of')).not.toBe(once);
  });

  it('are not assumed if a command line lacks one', () => {
    const web = refused('MissingArgumentException', 'shop.Web.post', 'shop.Money.of');
    expect(refused('MissingArgumentException', 'shop.Job.run', 'shop.Money.of')).toBe(web);
  });
});

describe('fingerprintV1 on helpers that throw for many reasons', () => {
  const throwsAt = (...stack: string[]): string =>
    keyOf(thrown('IllegalArgumentException', 'value must not be negative', ...stack));

  it('blames the caller of a check, and not the check', () => {
    const price = throwsAt('shop.Web.post', 'shop.Price.of', 'shop.util.Validate.notNegative');
    const stock = throwsAt('shop.Web.post', 'shop.Stock.take', 'shop.util.Validate.notNegative');
    expect(price).not.toBe(stock);
    const moved = throwsAt('shop.Web.post', 'shop.Price.of', 'shop.base.Preconditions.checkAmount');
    expect(moved).toBe(price);
  });

  it('adds one caller more, since whoever calls a check may itself serve many', () => {
    const cart = throwsAt('shop.Cart.add', 'shop.Field.set', 'shop.Bounds.verifyRange');
    const form = throwsAt('shop.Form.fill', 'shop.Field.set', 'shop.Bounds.verifyRange');
    expect(cart).not.toBe(form);
  });

  it('skips functions that merely make or report an error', () => {
    const made = throwsAt('shop.Web.post', 'shop.Order.place', 'shop.Errors.createOrderException');
    expect(made).toBe(
      throwsAt('shop.Web.post', 'shop.Order.place', 'shop.Parser._reportError', 'shop.Parser._constructError'),
    );
  });

  it('does not skip a checking function in which the runtime itself fails', () => {
    const here = keyOf(thrown('NullPointerException', '', 'shop.Web.post', 'shop.Address.validate'));
    expect(here).toBe(keyOf(thrown('NullPointerException', '', 'shop.Job.run', 'shop.Address.validate')));
  });

  it('blames the caller if a library assertion rejects an argument', () => {
    const check = ['shop.Node.setChild', '-lib.Preconditions.checkState'];
    expect(throwsAt('shop.Web.post', ...check)).not.toBe(throwsAt('shop.Job.run', ...check));
  });

  it('blames the helper if there is nothing else', () => {
    const parts = fingerprintV1(anEvent({ exceptions: [thrown('Error', 'bad', 'shop.Validate.all')] })).parts;
    expect(parts.find((part) => part.name === 'site')).toMatchObject({ used: true, value: 'shop.Validate|all' });
  });
});

describe('fingerprintV1 on names that builds, bundlers and proxies change', () => {
  it.each([
    ['shop.Cart$1', 'run', 'shop.Cart$7', 'run'],
    ['shop.Cart$$Lambda$14/0x00007f', 'apply', 'shop.Cart$$Lambda$93/0x0000aa', 'apply'],
    ['shop.Cart', 'lambda$total$0', 'shop.Cart', 'lambda$total$3'],
    ['shop.Cart$$EnhancerBySpringCGLIB$$3f2a', 'total', 'shop.Cart', 'total'],
    ['Shop.Cart', '<Total>b__12_0', 'Shop.Cart', '<Total>b__3_1'],
    ['Shop.Cart+<Load>d__5', 'MoveNext', 'Shop.Cart+<Load>d__9', 'MoveNext'],
    ['example.com/shop', '(*Cart).Total.func1', 'example.com/shop', '(*Cart).Total.func2.1'],
    ['shop::cart', 'total::h0123456789abcdef', 'shop::cart', 'total::hfedcba9876543210'],
    ['Shop', '__41-[Cart load]_block_invoke_2', 'Shop', '-[Cart load]'],
    ['Shop', 'Cart::total(int, char const*) [clone .isra.0]', 'Shop', 'Cart::total(int, char const*)'],
  ])('reads %s %s and %s %s as one place', (moduleA, nameA, moduleB, nameB) => {
    const at = (module: string, name: string): string =>
      keyOf({ type: 'Fault', value: '', frames: [{ module, function: name, inApp: true }] });
    expect(at(moduleA, nameA)).toBe(at(moduleB, nameB));
  });

  it.each([
    ['https://cdn.shop.test/assets/app-5f3a91c2.js', 'https://cdn.shop.test/assets/app-77b0e1d4.js?v=9'],
    ['/srv/releases/20261101120000/shop/cart.rb', '/srv/releases/20261109083000/shop/cart.rb'],
    ['app:///main.BxY12aZq.js', 'app:///main.Qw83rTyU.js'],
    ['/opt/shop-1.4.2/lib/jquery-3.6.0.min.js', '/opt/shop-1.5.0/lib/jquery-3.7.1.min.js'],
    [
      '/var/containers/Bundle/Application/0A1B/Shop.app/index.js',
      '/var/containers/Bundle/Application/99FF/Shop.app/index.js',
    ],
  ])('reads %s and %s as one file', (a, b) => {
    const at = (filename: string): string => scriptKey('Error', 'x', { filename, function: 'total', inApp: true });
    expect(at(a)).toBe(at(b));
  });

  it('keeps files of one generic name apart by their folder', () => {
    const at = (filename: string): string => scriptKey('Error', 'x', { filename, function: 'load', inApp: true });
    expect(at('/srv/cart/index.js')).not.toBe(at('/srv/stock/index.js'));
  });

  it('goes by wording if a minifier left no names', () => {
    const at = (name: string, value: string): string =>
      scriptKey('TypeError', value, { filename: 'app.js', function: name });
    expect(at('t', 'total is not a function')).toBe(at('e', 'total is not a function'));
    expect(at('t', 'total is not a function')).not.toBe(at('t', 'price is not a function'));
  });
});

describe('fingerprintV1 on errors of script engines', () => {
  const frame = { filename: 'cart.js', function: 'applyCoupon', inApp: true };

  it.each([
    [
      "Cannot read properties of undefined (reading 'total')",
      'can\'t access property "total", this.cart is undefined',
      "undefined is not an object (evaluating 'this.cart.total')",
    ],
    [
      "Cannot read property 'total' of null",
      'can\'t access property "total", e is null',
      "null is not an object (evaluating 'e.total')",
    ],
    [
      'cart.total is not a function',
      'cart.total is not a function',
      "cart.total is not a function. (In 'cart.total()', 'cart.total' is undefined)",
    ],
    ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed'],
  ])('reads "%s", "%s" and "%s" as one error', (chrome, firefox, safari) => {
    const key = scriptKey('TypeError', chrome, frame);
    expect(scriptKey('TypeError', firefox, { ...frame, function: 'Cart.applyCoupon' })).toBe(key);
    expect(scriptKey('TypeError', safari, frame)).toBe(key);
  });

  it('reads an undefined variable, or an exhausted stack, as one error whatever the engine', () => {
    expect(scriptKey('ReferenceError', "Can't find variable: gtag", frame)).toBe(
      scriptKey('ReferenceError', 'gtag is not defined', frame),
    );
    expect(scriptKey('InternalError', 'too much recursion', frame)).toBe(
      scriptKey('RangeError', 'Maximum call stack size exceeded', frame),
    );
  });

  it('keeps two properties of one function apart', () => {
    const of = (name: string): string =>
      scriptKey('TypeError', `Cannot read properties of undefined (reading '${name}')`, frame);
    expect(of('total')).not.toBe(of('price'));
  });

  it('skips async machinery', () => {
    const stack = (...names: string[]): ExceptionValue => ({
      type: 'Error',
      value: 'x',
      frames: names.map((name) => ({ filename: 'cart.js', function: name, inApp: true })),
    });
    const plain = fingerprintV1(anEvent({ platform: 'javascript', exceptions: [stack('load')] })).key;
    expect(
      fingerprintV1(
        anEvent({
          platform: 'javascript',
          exceptions: [stack('async load', 'asyncGeneratorStep', '_asyncToGenerator')],
        }),
      ).key,
    ).toBe(plain);
  });
});

describe('fingerprintV1 on messages and wishes of the app', () => {
  it('reads a typeless exception made up by an SDK as the message in it', () => {
    const message = 'Stock service returned 503 for sku 8812';
    const exceptions = [{ value: message, mechanism: { synthetic: true }, frames: frames('shop.Web.post') }];
    const carried = fingerprintV1(anEvent({ message, exceptions }));
    expect(carried.kind).toBe('message');
    expect(carried.key).toBe(fingerprintV1(anEvent({ message: 'Stock service returned 503 for sku 7' })).key);
    expect(carried.key).not.toBe(fingerprintV1(anEvent({ message: 'Stock service returned 429 for sku 7' })).key);
  });

  it('reads the type out of a typeless exception that begins with one', () => {
    const typed = keyOf(thrown('java.lang.StockError', 'none left', 'shop.Stock.take'));
    expect(keyOf(thrown(undefined, 'shop.StockError: none left', 'shop.Stock.take'))).toBe(typed);
  });

  it('groups exceptions without a stack by type and masked message', () => {
    expect(keyOf(thrown('Error', 'order 17 failed'))).toBe(keyOf(thrown('Error', 'order 18 failed')));
    expect(keyOf(thrown('Error', 'order 17 failed'))).not.toBe(keyOf(thrown('Fault', 'order 17 failed')));
  });

  it('obeys the fingerprint of the app, in which {{ default }} stands for ours', () => {
    const event = anEvent({ message: 'hello' });
    const ours = fingerprintV1(event).key;
    expect(fingerprintV1({ ...event, fingerprint: ['{{ default }}'] }).key).toBe(ours);
    const both = fingerprintV1({ ...event, fingerprint: ['{{default}}', 'payments'] });
    expect(both).toMatchObject({ kind: 'custom' });
    expect(both.key).not.toBe(ours);
    const alone = fingerprintV1({ ...event, fingerprint: ['payments'] });
    expect(alone.key).toBe(fingerprintV1({ ...anEvent({ message: 'other' }), fingerprint: ['payments'] }).key);
    expect(alone.key).not.toBe(both.key);
  });

  it('says in words what it counts and what it ignores', () => {
    const { parts, title, culprit } = fingerprintV1(
      anEvent({ exceptions: [thrown('NullPointerException', 'x is null', 'shop.checkout.Cart.applyCoupon')] }),
    );
    expect(parts.map((part) => part.why)).toEqual([
      'same type of root cause, NullPointerException',
      'same crash site in Cart.applyCoupon',
      'message ignored because the runtime raises NullPointerException itself and only says again what happened',
    ]);
    expect({ title, culprit }).toEqual({
      title: 'NullPointerException in Cart.applyCoupon',
      culprit: 'Cart.applyCoupon',
    });
  });

  it('keeps ids out of titles', () => {
    expect(
      fingerprintV1(
        anEvent({
          exceptions: [thrown('OrderError', 'Order 7c1811ed-e98f-4c9c-a9f9-58c757ff494f not found', 'a.B.c')],
        }),
      ).title,
    ).toBe('OrderError: Order … not found');
  });
});

describe('for any exception', () => {
  const name = fc.constantFrom(
    'shop.Cart.total',
    'shop.Web.post',
    'shop.Validate.notNull',
    '-lib.Http.call',
    'shop.Job.run',
    'shop.Errors.create',
  );
  const stack = fc.array(name, { minLength: 1, maxLength: 8 });
  const type = fc.constantFrom('NullPointerException', 'OrderException', 'StackOverflowError');
  const of = (kind: string, list: readonly Frame[], over: Partial<AppEvent> = {}): string =>
    fingerprintV1(anEvent({ exceptions: [{ type: kind, value: 'went wrong', frames: list }], ...over })).key;

  it('the key does not depend on line and column numbers', () => {
    fc.assert(
      fc.property(type, stack, fc.nat(), (kind, names, shift) => {
        const list = frames(...names);
        expect(
          of(
            kind,
            list.map((f) => ({ ...f, lineno: (f.lineno ?? 0) + shift, colno: shift })),
          ),
        ).toBe(of(kind, list));
      }),
    );
  });

  it('the key does not depend on event id, time, release, environment, user or tags', () => {
    fc.assert(
      fc.property(stack, fc.uuid(), fc.nat(), fc.string(), (names, id, occurredAt, text) => {
        const over = {
          eventId: id.replaceAll('-', ''),
          occurredAt,
          release: text,
          environment: text,
          user: { id: text },
          tags: { text },
          transaction: text,
        };
        expect(of('OrderException', frames(...names), over)).toBe(of('OrderException', frames(...names)));
      }),
    );
  });

  it('the key does not depend on the release hash in paths', () => {
    const hash = fc.stringMatching(/^[0-9a-f]{8,40}$/).filter((text) => /\d/.test(text) && /[a-f]/.test(text));
    const at = (build: string): string =>
      scriptKey('Error', 'x', {
        filename: `https://cdn.shop.test/${build}/js/cart.${build}.js`,
        function: 'total',
        inApp: true,
      });
    fc.assert(fc.property(hash, hash, (a, b) => expect(at(a)).toBe(at(b))));
  });

  it('the key does not depend on how deep a recursion went', () => {
    const recursion = (entry: string[], cycle: string[], times: number): Frame[] =>
      frames(...entry, ...Array.from({ length: times }, () => cycle).flat());
    const one = fc.constantFrom('NullPointerException', 'OrderException', 'TypeError');
    fc.assert(
      fc.property(one, stack, stack, fc.integer({ min: 1, max: 12 }), (kind, entry, cycle, times) => {
        expect(of(kind, recursion(entry, cycle, times + 1))).toBe(of(kind, recursion(entry, cycle, times)));
      }),
    );
    fc.assert(
      fc.property(stack, stack, fc.integer({ min: 20, max: 60 }), (entry, cycle, times) => {
        const deep = recursion(entry, cycle, times + 9);
        expect(of('StackOverflowError', deep)).toBe(of('StackOverflowError', recursion(entry, cycle, times)));
      }),
    );
  });

  it('there is a key of 32 hex digits and a short title, whatever the texts hold', () => {
    const text = fc.option(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[<>$(){}[\].:'"\\/@#a-z0-9 ]{0,80}$/)),
      { nil: undefined },
    );
    const frame = fc.record({
      module: text,
      function: text,
      filename: text,
      contextLine: text,
      inApp: fc.option(fc.boolean(), { nil: undefined }),
    });
    const exception = fc.record({ type: text, value: text, frames: fc.array(frame, { maxLength: 5 }) });
    const platform = fc.constantFrom('javascript', 'node', 'java', 'python', 'native', 'other');
    fc.assert(
      fc.property(fc.array(exception, { maxLength: 3 }), platform, text, (exceptions, on, message) => {
        const { key, title } = fingerprintV1(anEvent({ exceptions, platform: on, message }));
        expect(key).toMatch(/^[0-9a-f]{32}$/);
        expect(title.length).toBeGreaterThan(0);
        expect(title.length).toBeLessThanOrEqual(160);
      }),
      { numRuns: 1000 },
    );
  });

  it('an exhausted stack is told by the functions that call each other, wherever it ended', () => {
    const chain = (...end: string[]): Frame[] =>
      frames(
        'shop.Web.post',
        ...Array.from({ length: 40 }, () => ['shop.Tree.walk', 'shop.Tree.visit']).flat(),
        ...end,
      );
    expect(of('StackOverflowError', chain())).toBe(of('StackOverflowError', chain('shop.Tree.walk', 'shop.Leaf.size')));
  });
});
