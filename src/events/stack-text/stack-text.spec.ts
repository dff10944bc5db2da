import { describe, expect, it } from '@jest/globals';
import { type ExceptionValue } from '../event.js';
import { parseStackText } from './stack-text.js';

/** `fn@line` of each frame, oldest call first, with a star on those of the app itself. */
const shape = (exception: ExceptionValue | undefined): string[] =>
  (exception?.frames ?? []).map(
    (f) => `${f.inApp ? '*' : ''}${f.module ? `${f.module}:` : ''}${f.function ?? '?'}@${f.lineno ?? ''}`,
  );
const names = (exceptions: readonly ExceptionValue[]): string[] => exceptions.map((e) => `${e.type}: ${e.value}`);

describe('stack text of JavaScript', () => {
  it('reads a V8 stack oldest call first and keeps core and packages out of the app', () => {
    const { language, exceptions } = parseStackText(
      [
        'TypeError: total is not a number',
        'got NaN',
        '    at sum (/srv/shop/src/cart.js:12:9)',
        '    at async Promise.all (index 0)',
        '    at new Cart (file:///srv/shop/src/cart.js:4:1)',
        '    at Layer.handle [as handle_request] (/srv/shop/node_modules/express/lib/router/layer.js:95:5)',
        '    at /srv/shop/src/app.js:40:3',
        '    at Object.<anonymous> (C:\\shop\\main.js:7:84)',
        '    at node:internal/main/run_main_module:28:49',
      ].join('\n'),
    );
    expect(language).toBe('javascript');
    expect(names(exceptions)).toEqual(['TypeError: total is not a number\ngot NaN']);
    expect(shape(exceptions[0])).toEqual([
      '?@28',
      '*Object.<anonymous>@7',
      '*?@40',
      'Layer.handle [as handle_request]@95',
      '*Cart@4',
      'Promise.all@',
      '*sum@12',
    ]);
    expect(exceptions[0]?.frames[1]?.filename).toBe('C:\\shop\\main.js');
  });

  it('makes the cause that Node prints the inner exception', () => {
    const { exceptions } = parseStackText(
      [
        'PaymentError [E_PAY]: charge failed',
        '    at charge (/srv/pay.js:3:1) {',
        '  [cause]: RangeError: amount below zero',
        '      at check (/srv/pay.js:9:2)',
        '}',
      ].join('\n'),
    );
    expect(names(exceptions)).toEqual(['RangeError: amount below zero', 'PaymentError: charge failed']);
  });

  it('reads Firefox and Safari stacks, which have no header', () => {
    const { exceptions } = parseStackText(
      'applyCoupon@https://shop.example/assets/app.js:10:5\n@https://shop.example/assets/app.js:2:1\nforEach@[native code]',
    );
    expect(shape(exceptions[0])).toEqual(['forEach@', '*?@2', '*applyCoupon@10']);
    expect(exceptions[0]?.frames[2]).toMatchObject({ filename: 'https://shop.example/assets/app.js', colno: 5 });
  });

  it('takes code made by eval for the file that called it', () => {
    const { exceptions } = parseStackText('Error: x\n    at f (eval at run (/srv/a.js:5:3), <anonymous>:1:1)');
    expect(exceptions[0]?.frames[0]).toMatchObject({ filename: '/srv/a.js', lineno: 5 });
  });
});

describe('stack text of Python', () => {
  const INNER = [
    'Traceback (most recent call last):',
    '  File "/srv/shop/pay.py", line 7, in charge',
    '    gate.send(amount)',
    '    ^^^^^^^^^^^^^^^^^',
    '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode',
    'json.decoder.JSONDecodeError: Expecting value',
  ];

  it('reads chained tracebacks innermost first', () => {
    const { language, exceptions } = parseStackText(
      [
        ...INNER,
        '',
        'The above exception was the direct cause of the following exception:',
        '',
        'Traceback (most recent call last):',
        '  File "/srv/shop/app.py", line 3, in <module>',
        '    main()',
        'shop.errors.PaymentError: no answer',
        'from the gateway',
      ].join('\n'),
    );
    expect(language).toBe('python');
    expect(names(exceptions)).toEqual([
      'JSONDecodeError: Expecting value',
      'PaymentError: no answer\nfrom the gateway',
    ]);
    expect(exceptions.map((e) => e.module)).toEqual(['json.decoder', 'shop.errors']);
    expect(shape(exceptions[0])).toEqual(['*charge@7', 'raw_decode@355']);
    expect(exceptions[0]?.frames[0]?.contextLine).toBe('gate.send(amount)');
    expect(exceptions[0]?.frames[1]?.filename).toBe('json/decoder.py');
  });

  it('puts the members of an exception group before the group', () => {
    const { exceptions } = parseStackText(
      [
        '  + Exception Group Traceback (most recent call last):',
        '  |   File "/srv/a.py", line 2, in <module>',
        '  |     run()',
        '  | ExceptionGroup: two failed (1 sub-exception)',
        '  +-+---------------- 1 ----------------',
        '    | Traceback (most recent call last):',
        '    |   File "/srv/b.py", line 9, in run',
        '    | ValueError: bad',
        '    +------------------------------------',
      ].join('\n'),
    );
    expect(names(exceptions)).toEqual(['ValueError: bad', 'ExceptionGroup: two failed (1 sub-exception)']);
    expect(shape(exceptions[0])).toEqual(['*run@9']);
  });

  const GROUP = [
    '  + Exception Group Traceback (most recent call last):',
    '  |   File "/srv/a.py", line 2, in serve',
    '  |     run()',
    '  | ExceptionGroup: some failed (3 sub-exceptions)',
    '  +-+---------------- 1 ----------------',
    '    | Traceback (most recent call last):',
    '    |   File "/srv/b.py", line 8, in first',
    "    | KeyError: 'price'",
    '    |',
    '    | During handling of the above exception, another exception occurred:',
    '    |',
    '    | Traceback (most recent call last):',
    '    |   File "/srv/b.py", line 9, in second',
    '    | ValueError: bad',
    '    +---------------- 2 ----------------',
    '    | Exception Group Traceback (most recent call last):',
    '    |   File "/srv/c.py", line 1, in third',
    '    | ExceptionGroup: nested (1 sub-exception)',
    '    +-+---------------- 1 ----------------',
    '      | OSError: never raised',
    '      +------------------------------------',
    '    +---------------- ... ----------------',
    '    | and 1 more exception',
    '    +------------------------------------',
  ];
  const GROUP_NAMES = [
    'OSError: never raised',
    'ExceptionGroup: nested (1 sub-exception)',
    "KeyError: 'price'",
    'ValueError: bad',
    'ExceptionGroup: some failed (3 sub-exceptions)',
  ];
  const DURING = ['', 'During handling of the above exception, another exception occurred:', ''];
  const PLAIN = ['Traceback (most recent call last):', '  File "/srv/d.py", line 4, in last', 'RuntimeError: gave up'];

  it('keeps the order of a chain that a group is part of', () => {
    const groupLast = parseStackText([...PLAIN, ...DURING, ...GROUP].join('\n')).exceptions;
    expect(names(groupLast)).toEqual(['RuntimeError: gave up', ...GROUP_NAMES]);
    expect(groupLast.map((e) => shape(e).join())).toEqual([
      '*last@4',
      '',
      '*third@1',
      '*first@8',
      '*second@9',
      '*serve@2',
    ]);
    const groupFirst = parseStackText([...GROUP, ...DURING, ...PLAIN].join('\n')).exceptions;
    expect(names(groupFirst)).toEqual([...GROUP_NAMES, 'RuntimeError: gave up']);
  });

  it('reads what is left of a torn group', () => {
    const torn = ['  +---------------- 1 ----------------', ...GROUP.slice(14), ...PLAIN].join('\n');
    expect(names(parseStackText(torn).exceptions)).toContain('RuntimeError: gave up');
  });

  it('keeps the libraries of Windows out of the app', () => {
    const { exceptions } = parseStackText(
      [
        'Traceback (most recent call last):',
        '  File "C:\\shop\\lib\\pay.py", line 7, in charge',
        '  File "C:\\shop\\venv\\Lib\\site-packages\\requests\\api.py", line 5, in get',
        '  File "C:\\Python311\\Lib\\json\\decoder.py", line 355, in raw_decode',
        '  File "c:\\python37\\lib\\json\\decoder.py", line 3, in raw_decode',
        '  File "C:\\Python37-32\\lib\\json\\decoder.py", line 355, in raw_decode',
        'ValueError: bad',
      ].join('\n'),
    );
    expect(exceptions[0]?.frames.map((f) => [f.inApp, f.filename])).toEqual([
      [true, 'C:\\shop\\lib\\pay.py'],
      [false, 'requests\\api.py'],
      [false, 'json\\decoder.py'],
      [false, 'json\\decoder.py'],
      [false, 'json\\decoder.py'],
    ]);
  });

  it('reads the traceback of another process without its quotes', () => {
    const { exceptions } = parseStackText(
      [
        'multiprocessing.pool.RemoteTraceback: ',
        '"""',
        ...PLAIN,
        '"""',
        '',
        'The above exception was the direct cause of the following exception:',
        '',
        ...PLAIN,
      ].join('\n'),
    );
    expect(names(exceptions)).toEqual(['RuntimeError: gave up', 'RuntimeError: gave up']);
  });
});

describe('stack text of Java', () => {
  it('reads causes innermost first, fills in the common frames and leaves suppressed ones out', () => {
    const { language, exceptions } = parseStackText(
      [
        'Exception in thread "main" com.acme.shop.CheckoutException: checkout failed',
        '\tat com.acme.shop.Checkout.pay(Checkout.java:42)',
        '\tat com.acme.shop.Main.main(Main.java:10)',
        '\tSuppressed: java.io.IOException: close failed',
        '\t\tat com.acme.shop.Conn.close(Conn.java:5)',
        '\tCaused by: java.lang.Error: not ours',
        '\t\t... 1 more',
        'Caused by: java.lang.NullPointerException',
        '\tat java.base/java.util.Objects.requireNonNull(Objects.java:208)',
        '\tat com.acme.shop.Cart$Line.lambda$total$0(Cart.java)',
        '\tat com.acme.shop.Cart.hash(Native Method)',
        '\t... 1 more',
      ].join('\n'),
    );
    expect(language).toBe('java');
    expect(exceptions.map((e) => [e.module, e.type, e.value])).toEqual([
      ['java.lang', 'NullPointerException', undefined],
      ['com.acme.shop', 'CheckoutException', 'checkout failed'],
    ]);
    expect(shape(exceptions[0])).toEqual([
      '*com.acme.shop.Main:main@10',
      '*com.acme.shop.Cart:hash@',
      '*com.acme.shop.Cart$Line:lambda$total$0@',
      'java.util.Objects:requireNonNull@208',
    ]);
    expect(shape(exceptions[1])).toEqual(['*com.acme.shop.Main:main@10', '*com.acme.shop.Checkout:pay@42']);
  });
});

describe('stack text of Go', () => {
  it('reads the first goroutine of a panic', () => {
    const { language, exceptions } = parseStackText(
      [
        'panic: runtime error: index out of range [5] with length 3 [recovered]',
        '',
        'goroutine 1 [running]:',
        'runtime/debug.Stack()',
        '\t/usr/local/go/src/runtime/debug/stack.go:24 +0x5e',
        'example.com/shop/cart.(*Cart).Total(0xc000012345, {0x1, 0x2})',
        '\t/src/shop/cart/cart.go:31 +0x1d',
        'github.com/acme/mux.Serve(...)',
        '\t/root/go/pkg/mod/github.com/acme/mux@v1.2.0/mux.go:8',
        'created by main.start in goroutine 7',
        '\t/src/shop/main.go:5 +0x20',
        '',
        'goroutine 9 [select]:',
        'main.other()',
        '\t/src/shop/main.go:99 +0x20',
      ].join('\n'),
    );
    expect(language).toBe('go');
    expect(names(exceptions)).toEqual(['panic: runtime error: index out of range [5] with length 3']);
    expect(shape(exceptions[0])).toEqual([
      '*main:start@5',
      'github.com/acme/mux:Serve@8',
      '*example.com/shop/cart:(*Cart).Total@31',
      'runtime/debug:Stack@24',
    ]);
  });

  it('tells the app from its dependencies in a build with -trimpath', () => {
    const { exceptions } = parseStackText(
      [
        'goroutine 34 [running]:',
        'go.opentelemetry.io/otel/sdk/trace.recordStackTrace()',
        '\tgo.opentelemetry.io/otel/sdk@v1.28.0/trace/span.go:488 +0x4d',
        'go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).RecordError(0xc00019c000, {0x9a1b60, 0xc000028040}, {0x0, 0x0, 0x0})',
        '\tgo.opentelemetry.io/otel/sdk/trace/span.go:447 +0x3a5',
        'example.com/shop/cart.(*Cart).Total(0xc000012345)',
        '\texample.com/shop/cart/cart.go:31 +0x1d',
        'gopkg.in/acme%2ev3.Serve(...)',
        '\tgopkg.in/acme.v3@v3.0.0-20240102030405-abcdef012345/serve.go:8',
        'net/http.HandlerFunc.ServeHTTP(0xc0000a4000?, {0x9a2f38, 0xc0001b2000}, 0xc0001a8000)',
        '\tnet/http/server.go:2136 +0x29',
        'main.main()',
        '\texample.com/shop/main.go:12 +0x20',
        'runtime.main()',
        '\truntime/proc.go:267 +0x2d2',
      ].join('\n'),
    );
    expect(shape(exceptions[0])).toEqual([
      'runtime:main@267',
      '*main:main@12',
      'net/http:HandlerFunc.ServeHTTP@2136',
      'gopkg.in/acme%2ev3:Serve@8',
      '*example.com/shop/cart:(*Cart).Total@31',
      'go.opentelemetry.io/otel/sdk/trace:(*recordingSpan).RecordError@447',
      'go.opentelemetry.io/otel/sdk/trace:recordStackTrace@488',
    ]);
  });
});

describe('stack text of C#', () => {
  it('pairs each header with its stack and turns generated names back', () => {
    const { language, exceptions } = parseStackText(
      [
        'Acme.Shop.CheckoutException: checkout failed',
        ' ---> System.NullReferenceException: Object reference not set to an instance of an object.',
        '   at Acme.Shop.Cart.Total(String currency) in C:\\src\\Cart.cs:line 31',
        '   at System.Linq.Enumerable.Sum[TSource](IEnumerable`1 source, Func`2 selector)',
        '   at Acme.Shop.Cart.<>c__DisplayClass3_0.<Check>b__0(Int32 n) in C:\\src\\Cart.cs:line 12',
        '   --- End of inner exception stack trace ---',
        '   at Acme.Shop.Checkout.<PayAsync>d__5.MoveNext() in /src/Checkout.cs:line 10',
        '--- End of stack trace from previous location ---',
        '   at Acme.Shop.Program..ctor() in /src/Program.cs:line 5',
      ].join('\r\n'),
    );
    expect(language).toBe('csharp');
    expect(exceptions.map((e) => [e.module, e.type])).toEqual([
      ['System', 'NullReferenceException'],
      ['Acme.Shop', 'CheckoutException'],
    ]);
    expect(shape(exceptions[0])).toEqual([
      '*Acme.Shop.Cart:Check { <lambda> }@12',
      'System.Linq.Enumerable:Sum@',
      '*Acme.Shop.Cart:Total@31',
    ]);
    expect(shape(exceptions[1])).toEqual(['*Acme.Shop.Program:.ctor@5', '*Acme.Shop.Checkout:PayAsync@10']);
    expect(exceptions[0]?.frames.at(-1)?.filename).toBe('C:\\src\\Cart.cs');
  });
});

describe('stack text of C# with names and lines of every kind', () => {
  it('turns the names of lambdas in top-level statements and of async lambdas back', () => {
    const { exceptions } = parseStackText(
      [
        'System.InvalidOperationException: no',
        '   at Program.<>c.<<Main>$>b__0_3(HttpContext ctx) in /src/Program.cs:line 5',
        '   at Program.<>c.<<<Main>$>b__0_12>d.MoveNext() in /src/Program.cs:line 6',
        '   at Program.<<Main>$>d__0.MoveNext() in /src/Program.cs:line 7',
        '   at Program.<<Main>$>g__Check|0_1(Int32 n) in /src/Program.cs:line 8',
        '   at Acme.Job.<>c__DisplayClass3_0.<<RunAsync>b__0>d.MoveNext() in /src/Job.cs:line 9',
        '   at Acme.Job.<>c__DisplayClass3_0.<>c__DisplayClass3_1.<Run>b__0() in /src/Job.cs:line 10',
        '   at Acme.Job.<<RunAsync>g__Step|4_0>d.MoveNext() in /src/Job.cs:line 11',
      ].join('\n'),
    );
    expect(shape(exceptions[0]).reverse()).toEqual([
      '*Program:Main { <lambda> }@5',
      '*Program:Main { <lambda> }@6',
      '*Program:Main@7',
      '*Program:Main { Check }@8',
      '*Acme.Job:RunAsync { <lambda> }@9',
      '*Acme.Job:Run { <lambda> }@10',
      '*Acme.Job:RunAsync { Step }@11',
    ]);
  });

  it('reads the last line of each member of an AggregateException', () => {
    const { exceptions } = parseStackText(
      [
        'System.AggregateException: One or more errors occurred. (empty) (late)',
        '   at Acme.Shop.Run() in C:\\src\\Shop.cs:line 3',
        ' ---> (Inner Exception #0) System.InvalidOperationException: empty',
        '   at Acme.Stock.Take(Int32 n) in C:\\src\\Stock.cs:line 7<---',
        '',
        ' ---> (Inner Exception #1) System.TimeoutException: late<---',
      ].join('\n'),
    );
    expect(names(exceptions)).toEqual([
      'TimeoutException: late',
      'InvalidOperationException: empty',
      'AggregateException: One or more errors occurred. (empty) (late)',
    ]);
    expect(exceptions[1]?.frames[0]).toMatchObject({ filename: 'C:\\src\\Stock.cs', lineno: 7, inApp: true });
  });
});

describe('stack text of Ruby', () => {
  it('reads full messages of all versions, the cause innermost', () => {
    const { language, exceptions } = parseStackText(
      [
        "/srv/shop/app/pay.rb:10:in `charge': no answer (Acme::PaymentError)",
        "\tfrom /usr/lib/ruby/gems/3.2.0/gems/rack-3.0/lib/rack.rb:5:in `call'",
        "\tfrom /srv/shop/main.rb:2:in `<main>'",
        "/srv/shop/app/net.rb:4:in 'Net#read': timed out (Timeout::Error)",
        "\tfrom /srv/shop/app/pay.rb:8:in 'block in Pay#charge'",
      ].join('\n'),
    );
    expect(language).toBe('ruby');
    expect(names(exceptions)).toEqual(['Timeout::Error: timed out', 'Acme::PaymentError: no answer']);
    expect(shape(exceptions[0])).toEqual(['*Pay:block in charge@8', '*Net:read@4']);
    expect(shape(exceptions[1])).toEqual(['*<main>@2', 'call@5', '*charge@10']);
  });

  it('reads frames of the core and of evaluated code, also where they raise', () => {
    const internal = '<internal:kernel>:307:in \'Integer\': invalid value for Integer(): "x" (ArgumentError)';
    const { exceptions } = parseStackText(
      [
        "/srv/shop/app/pay.rb:10:in 'Pay#charge': no answer (Acme::PaymentError)",
        "\tfrom (eval at /srv/shop/rules.rb:3):1:in 'Rules#run'",
        "\tfrom <internal:kernel>:168:in 'Kernel#loop'",
        internal,
        "\tfrom /srv/shop/app/pay.rb:8:in 'Pay#charge'",
      ].join('\n'),
    );
    expect(names(exceptions)).toEqual([
      'ArgumentError: invalid value for Integer(): "x"',
      'Acme::PaymentError: no answer',
    ]);
    expect(shape(exceptions[0])).toEqual(['*Pay:charge@8', 'Integer@307']);
    expect(shape(exceptions[1])).toEqual(['Kernel:loop@168', '*Rules:run@3', '*Pay:charge@10']);
    expect(exceptions[1]?.frames[1]?.filename).toBe('/srv/shop/rules.rb');
    const first = parseStackText(`${internal}\n\tfrom /srv/shop/app/pay.rb:8:in 'Pay#charge'`).exceptions;
    expect(names(first)).toEqual(['ArgumentError: invalid value for Integer(): "x"']);
    expect(shape(first[0])).toEqual(['*Pay:charge@8', 'Integer@307']);
  });

  it('reads a plain backtrace', () => {
    const { exceptions } = parseStackText("/srv/a.rb:1:in `f'\n/srv/b.rb:2:in `g'");
    expect(shape(exceptions[0])).toEqual(['*g@2', '*f@1']);
    expect(exceptions[0]?.type).toBeUndefined();
  });
});

describe('stack text of PHP', () => {
  it('reads the chain innermost first and names in each frame the function that the line stands in', () => {
    const { language, exceptions } = parseStackText(
      [
        'PHP Fatal error:  Uncaught RuntimeException: no answer in /srv/shop/src/Gate.php:14',
        'Stack trace:',
        "#0 /srv/shop/vendor/acme/http/Client.php(30): Acme\\Gate->send('10.00', Array)",
        '#1 [internal function]: Acme\\Http\\Client::run(Object(Closure))',
        '#2 /srv/shop/index.php(9): array_map(Object(Closure), Array)',
        '#3 {main}',
        '',
        'Next Acme\\CheckoutException: checkout failed in /srv/shop/src/Checkout.php:20',
        'Stack trace:',
        '#0 {main}',
        '  thrown in /srv/shop/src/Checkout.php on line 20',
      ].join('\n'),
    );
    expect(language).toBe('php');
    expect(names(exceptions)).toEqual(['RuntimeException: no answer', 'Acme\\CheckoutException: checkout failed']);
    expect(shape(exceptions[0])).toEqual([
      '*{main}@9',
      'array_map@',
      'Acme\\Http\\Client:run@30',
      '*Acme\\Gate:send@14',
    ]);
    expect(shape(exceptions[1])).toEqual(['*{main}@20']);
  });
});

describe('stack text of PHP with places of every kind', () => {
  const first = (...lines: string[]): ExceptionValue | undefined =>
    parseStackText([...lines, '#9 {main}'].join('\n')).exceptions[0];

  it('cuts the place from a message at the last " in "', () => {
    const read = first(
      'RuntimeException: no answer in 30s from gate in /srv/x/Gate.php:14',
      'Stack trace:',
      '#0 /srv/x/index.php(9): f()',
    );
    expect(read?.value).toBe('no answer in 30s from gate');
    expect(shape(read)).toEqual(['*{main}@9', '*f@14']);
    expect(first('E: put in:14', 'Stack trace:', '#0 /srv/x.php(9): f()')?.value).toBe('put in:14');
  });

  it('reads paths with brackets and code from a string', () => {
    const read = first(
      "E: x in C:\\Program Files (x86)\\b.php(7) : eval()'d code:1",
      'Stack trace:',
      '#0 C:\\Program Files (x86)\\a.php(30): f()',
      "#1 /x.php(31) : eval()'d code(1): g()",
      '#2 C:\\app\\vendor\\acme\\a.php(3): h(Object(A))',
    );
    expect(read?.frames.map((f) => [f.function, f.filename, f.lineno, f.inApp]).reverse()).toEqual([
      ['f', 'C:\\Program Files (x86)\\b.php', 7, true],
      ['g', 'C:\\Program Files (x86)\\a.php', 30, true],
      ['h', '/x.php', 31, true],
      ['{main}', 'C:\\app\\vendor\\acme\\a.php', 3, false],
    ]);
  });

  it('names closures of PHP 8.4 by what they are written in', () => {
    const read = first(
      'E: x in /a.php:1',
      'Stack trace:',
      '#0 /a.php(2): Acme\\Pay->{closure:Acme\\Pay::run():12}()',
      "#1 /a.php(3): Acme\\Pay::{closure:{closure:Acme\\Pay::run():12}:14}('a::b')",
      '#2 /a.php(4): {closure:Acme\\helper():3}(1)',
      '#3 /a.php(5): {closure:/srv/a.php:8}()',
      "#4 /a.php(6): Acme\\Pay->Acme\\{closure}('{closure:')",
    );
    expect(read?.frames.map((f) => [f.module, f.function]).reverse()).toEqual([
      ['Acme\\Pay', 'run { closure }'],
      ['Acme\\Pay', 'run { closure }'],
      [undefined, 'Acme\\helper { closure }'],
      [undefined, '{closure}'],
      ['Acme\\Pay', 'Acme\\{closure}'],
      [undefined, '{main}'],
    ]);
  });
});

describe('stack text that is none or hostile', () => {
  it('finds no exception in ordinary text', () => {
    expect(parseStackText('the shop is closed: come back later\nat noon')).toEqual({ exceptions: [] });
    expect(parseStackText('')).toEqual({ exceptions: [] });
  });

  it('cuts long lines and messages without leaving half a character', () => {
    const { exceptions } = parseStackText(`E: ${'\u{1F600}'.repeat(9000)}\n    at f (/srv/a.js:1:2)`);
    expect(exceptions[0]?.value?.length).toBeGreaterThan(500);
    expect(JSON.stringify(exceptions)).not.toContain('\\ud');
  });

  it('fills in the common frames of a Java cause once, however often they are announced', () => {
    const frames = Array.from({ length: 10 }, (_, i) => `\tat com.acme.A.f${i}(A.java:${i + 1})`);
    const cause = ['Caused by: com.acme.E: x', ...Array<string>(20).fill('\t... 999999 more')];
    const text = ['com.acme.E: x', ...frames, ...Array<string[]>(90).fill(cause).flat()].join('\n');
    const started = process.hrtime.bigint();
    const { exceptions } = parseStackText(text);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1000);
    expect(exceptions.map((e) => e.frames.length)).toEqual(Array<number>(50).fill(10));
  });

  it('looks at each character of lines of blanks a bounded number of times', () => {
    const frames = ['f@/a.js:1:2', 'main.f()\n\t/a.go:1 +0x1', "/a.rb:1:in 'f'", '\tat a.B.c(B.java:1)'];
    for (const frame of frames) {
      for (const end of ['@x', '.go:x', 'at x', "x:1:in 'a"]) {
        const real = `${frame}\n`.repeat(60);
        const text = `${real}${`${' '.repeat(1000)}${end}\n`.repeat(900)}${real}`;
        expect(charactersMatched(text)).toBeLessThan(LOOKS * text.length);
      }
    }
  });

  it('looks at each character of a megabyte of near-matches a bounded number of times', () => {
    const parts = [
      'at a ( ( ( (',
      'at a.b(c',
      'a@/b@/b@',
      ' in x',
      'x:1:in `',
      '#0 a(1',
      'File "',
      'a.b.c.d(',
      '    ',
      '(((((',
      '> ---> ',
    ];
    for (const part of parts) {
      const long = part.repeat(Math.ceil(1_000_000 / part.length));
      expect(charactersMatched(long)).toBeLessThan(LOOKS * LONGEST_LINE);
      const lines = `${part.repeat(80).slice(0, 1000)}\n`.repeat(1000);
      expect(charactersMatched(lines)).toBeLessThan(LOOKS * lines.length);
    }
  });
});

/** Looks at one character, by all dialects and all patterns of the chosen one. */
const LOOKS = 12;
/** Longest line that is read, UTF-16 units. */
const LONGEST_LINE = 1024;

/** Counts the characters that regular expressions are given while a text is read. */
function charactersMatched(text: string): number {
  const own = Object.getOwnPropertyDescriptor(RegExp.prototype, 'exec') as { value: RegExp['exec'] };
  let matched = 0;
  RegExp.prototype.exec = function (given: string) {
    matched += given.length - (this.global || this.sticky ? this.lastIndex : 0);
    return own.value.call(this, given);
  };
  try {
    parseStackText(text);
  } finally {
    Object.defineProperty(RegExp.prototype, 'exec', own);
  }
  return matched;
}
