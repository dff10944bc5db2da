import { describe, expect, it } from '@jest/globals';
import { type Frame } from '../../events/event.js';
import { fingerprintV1 } from './fingerprint.v1.js';
import { isNativePlumbing, isSystemLibrary, libraryName } from './native.v1.js';

const APP = '/Applications/Shop.app/Contents/MacOS/Shop';
const SYSTEM = '/usr/lib/system/libsystem_kernel.dylib';

const app = (name?: string): Frame => ({ function: name, package: APP, inApp: true });
const system = (name?: string): Frame => ({ function: name, package: SYSTEM });

function keyOf(frames: readonly Frame[], type = 'SIGABRT', platform = 'native'): string {
  const exceptions = [{ type, value: 'Abort', frames }];
  const base = { eventId: '0'.repeat(32), occurredAt: 0, level: 'fatal', environment: 'production', tags: {} } as const;
  return fingerprintV1({ ...base, platform, exceptions }).key;
}

describe('native aborts', () => {
  it.each<[string, Frame[]]>([
    ['Apple', [system('abort'), system('__pthread_kill')]],
    ['glibc', ['__GI_abort', '__GI_raise', 'raise'].map((name) => ({ function: name }))],
    ['glibc of late', [{ function: 'abort' }, { function: '__pthread_kill_implementation' }]],
    ['an assertion', ['__assert_fail_base', 'abort', 'gsignal'].map((name) => ({ function: name }))],
    ['C++', [{ function: '__cxa_throw' }, { function: 'std::terminate()' }, { function: 'abort' }]],
    ['Windows', [{ function: 'RaiseException' }, { function: '_CxxThrowException' }]],
    [
      'Rust',
      ['core::panicking::panic_fmt', 'std::panicking::begin_panic_handler', 'rust_panic'].map((f) => ({ function: f })),
    ],
    ['Swift', [{ function: '_assertionFailure(_:_:file:line:flags:)' }]],
    [
      'a crash reporter',
      [{ function: 'google_breakpad::ExceptionHandler::SignalHandler(int)' }, { function: 'sentry__handle_signal' }],
    ],
    ["the app's own handler", [{ function: 'crash_handler(int)', inApp: true }, { function: 'abort' }]],
  ])('on %s are told by the function of the app that came to them', (_name, ending) => {
    const at = (name: string): string => keyOf([app('main'), app(name), ...ending]);
    expect(at('Cart::load()')).not.toBe(at('Pay::sign()'));
    const unmarked = (name: string): string => {
      const stack = [app('main'), app(name), ...ending].map(({ inApp: _, ...frame }) => frame);
      return keyOf(stack);
    };
    expect(unmarked('Cart::load()')).not.toBe(unmarked('Pay::sign()'));
  });

  it('are told by the caller of the library if the stack holds nothing of the app', () => {
    const at = (name: string): string =>
      keyOf([system('start'), { function: name, package: '/usr/lib/libsqlite3.dylib' }, system('abort')]);
    expect(at('sqlite3_step')).not.toBe(at('sqlite3_open'));
  });

  it('do not hide a function of the app that only looks like a system call', () => {
    const at = (name: string): string => keyOf([app('main'), app(name)], 'SIGSEGV');
    expect(at('read')).not.toBe(at('main'));
  });
});

describe('threads that wait', () => {
  it.each([
    '__psynch_cvwait',
    'mach_msg2_trap',
    '__futex_abstimed_wait_common64',
    'epoll_wait',
    'NtWaitForSingleObject',
    'poll',
  ])('are told by the waiting function, not by %s', (wait) => {
    const at = (name: string): string => keyOf([app('main'), app(name), { function: wait }], 'ApplicationHang');
    expect(at('Cart::load')).not.toBe(at('Pay::sign'));
    expect(isNativePlumbing({ function: wait })).toBe(true);
  });
});

describe('names that compilers and linkers change', () => {
  it.each([
    ['parse_row', 'parse_row.cold', 'parse_row.part.0', 'parse_row.isra.0.cold', 'parse_row.constprop.1'],
    ['parse_row', 'parse_row.llvm.1234567', 'parse_row@@SHOP_2.5', 'parse_row@plt'],
    ['Cart::load()', 'Cart::load() [clone .cold]', 'Cart::load(int)'],
    ['(anonymous namespace)::load()', 'load'],
  ])('leave %s the same', (...names) => {
    expect(new Set(names.map((name) => keyOf([app('main'), app(name)], 'SIGSEGV'))).size).toBe(1);
  });

  it('leave a method called part or cold its name', () => {
    const at = (name: string): string =>
      keyOf([{ filename: 'cart.js', function: name, inApp: true }], 'Error', 'javascript');
    expect(at('Cart.part')).not.toBe(at('Cart.cold'));
  });
});

describe('frames without a name', () => {
  it.each([
    undefined,
    '<redacted>',
    '???',
    '0x1024f3a10',
    '___lldb_unnamed_symbol12',
    'sub_10ab3f',
    '__mh_execute_header',
    '(null)',
  ])('are no crash site: %s', (name) => {
    const named = keyOf([app('main'), app('Cart::load')], 'SIGSEGV');
    expect(keyOf([app('main'), app('Cart::load'), app(name)], 'SIGSEGV')).toBe(named);
  });

  it('are told by their binary if no frame has a name', () => {
    const of = (path: string): string =>
      keyOf([
        { package: path, inApp: true },
        { package: path, inApp: true },
      ]);
    expect(of('/opt/shop/bin/sync')).not.toBe(of('/opt/shop/bin/web'));
  });

  it('in a system library are the same place as frames with a name there', () => {
    const calling = (frame: Frame): string => keyOf([app('main'), app('Cart::load'), frame], 'SIGSEGV');
    const libc = { function: '__strlen_avx2', package: '/lib/x86_64-linux-gnu/libc-2.31.so' };
    expect(calling({ package: '/usr/lib/libc.so.6' })).toBe(calling(libc));
    expect(calling({ ...libc, function: 'memcpy' })).toBe(calling(libc));
    expect(calling({ function: 'sqlite3_step', package: '/usr/lib/libsqlite3.so.0' })).not.toBe(calling(libc));
  });

  it('name a function the same whether its file is known or not', () => {
    const at = (frame: Frame): string => keyOf([app('main'), { ...frame, inApp: true }], 'SIGSEGV');
    expect(at({ function: 'Cart::load()', filename: 'cart.cc' })).toBe(at({ function: 'Cart::load()', package: APP }));
  });
});

describe('libraries of the system', () => {
  it.each([
    '/lib/libc.so.6',
    '/System/Library/Frameworks/UIKit',
    'C:\\Windows\\System32\\ntdll.dll',
    'ntdll.dll',
    'libsystem_c.dylib',
    '/apex/com.android.runtime/lib64/bionic/libc.so',
  ])('are told by their path or name: %s', (path) => expect(isSystemLibrary(path)).toBe(true));
  it.each(['/opt/shop/lib/libcart.so', APP, 'libcart.so', 'C:\\Shop\\shop.exe', '/home/ann/lib/libc/cart'])(
    'are not all libraries: %s',
    (path) => expect(isSystemLibrary(path)).toBe(false),
  );
  it('lose version and ending', () => {
    expect(['/lib/libc-2.31.so', 'libc.so.6', 'C:\\Windows\\NTDLL.dll'].map(libraryName)).toEqual([
      'libc',
      'libc',
      'ntdll',
    ]);
  });
});

it('native frames with names of any length are read in linear time', () => {
  const start = process.cpuUsage();
  for (const piece of ['std::', 'a::', '.cold', '.1', '_', '@A_1', 'LogMessage::', 'specialized '])
    for (const tail of ['', '!', '()']) keyOf([app(piece.repeat(512 / piece.length) + tail)]);
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(2_000);
});
