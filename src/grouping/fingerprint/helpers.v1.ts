/**
 * Frozen as v1: functions that throw on behalf of their callers. Such a function (assert, require, validate, report,
 * createException) throws for many reasons, so the fault is in its caller. We go by names alone, since one event offers
 * nothing else. The word lists were chosen with bench:grouping; what they bring is measured in fingerprint.v1.ts.
 */

/**
 * Certainty of a name: `asserts` only checks and throws, whatever the type; `reports` may also do work of its own, in
 * which the runtime can raise an error that is its own fault.
 */
export type HelperKind = 'asserts' | 'reports';

/** Last word of a class or module that only holds checks. */
const CHECK_CLASSES = new Set([
  ...['validate', 'preconditions', 'precondition', 'assert', 'asserts', 'assertion', 'assertions', 'check', 'checks'],
  ...['ensure', 'require', 'requires', 'guard', 'guards', 'invariant', 'invariants', 'verify', 'expect', 'contract'],
]);
/** Last word of a class or module that makes or reports errors. */
const ERROR_CLASSES = new Set([
  'reporter',
  'errors',
  'exception',
  'exceptions',
  'error',
  'throwables',
  'throwable',
  'fault',
]);
/** First word of a function that checks or complains. */
const REPORT_VERBS = new Set([
  ...[
    'assert',
    'require',
    'ensure',
    'invariant',
    'precondition',
    'fail',
    'throw',
    'raise',
    'panic',
    'abort',
    'die',
    'rethrow',
  ],
  ...[
    'unreachable',
    'unwrap',
    'expect',
    'check',
    'verify',
    'validate',
    'report',
    'reject',
    'guard',
    'wrap',
    'bail',
    'must',
  ],
]);
/** Words after such a verb that say that the function looks for a missing value. */
const NULL_WORDS = new Set(['null', 'nil', 'none', 'undefined', 'present']);
/** Words in a function's name that say that it makes or reports an error. */
const ERROR_WORDS = new Set([
  ...['error', 'exception', 'failure', 'violation', 'problem', 'throw', 'throws', 'throwing', 'rethrow', 'cannot'],
  ...['unexpected', 'missing', 'invalid', 'bad', 'unknown', 'illegal', 'unsupported', 'weird', 'mismatch', 'incorrect'],
]);
const WORDS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;

/** Whether a frame throws on behalf of its caller; undefined for ordinary code. `place` is its class, module or file. */
export function helperKind(place: string, functionName: string): HelperKind | undefined {
  const owner = lastWord(place);
  if (CHECK_CLASSES.has(owner)) return 'asserts';
  const words = wordsOf(functionName);
  const checks = REPORT_VERBS.has(words[0] ?? '');
  if (checks && words.some((word) => NULL_WORDS.has(word))) return 'asserts';
  const reports = checks || ERROR_CLASSES.has(owner) || words.some((word) => ERROR_WORDS.has(word));
  return reports ? 'reports' : undefined;
}

function wordsOf(name: string): string[] {
  return (name.match(WORDS) ?? []).map((word) => word.toLowerCase());
}

function lastWord(place: string): string {
  const words = wordsOf(
    place.slice(Math.max(place.lastIndexOf('.'), place.lastIndexOf('$'), place.lastIndexOf('/')) + 1),
  );
  return words[words.length - 1] ?? '';
}

/**
 * Types that the runtime raises by itself at the faulty statement. Their message repeats the type and the place, in
 * words that change with the runtime's version, so it tells no two faults apart.
 */
const RAISED_BY_RUNTIME = new Set([
  ...[
    'NullPointerException',
    'ArrayIndexOutOfBoundsException',
    'StringIndexOutOfBoundsException',
    'IndexOutOfBoundsException',
  ],
  ...[
    'ClassCastException',
    'ArithmeticException',
    'NegativeArraySizeException',
    'ArrayStoreException',
    'OutOfMemoryError',
  ],
  ...['ConcurrentModificationException', 'KotlinNullPointerException', 'UninitializedPropertyAccessException'],
  ...[
    'NullReferenceException',
    'IndexOutOfRangeException',
    'InvalidCastException',
    'DivideByZeroException',
    'KeyNotFoundException',
    'OutOfMemoryException',
  ],
  ...[
    'KeyError',
    'IndexError',
    'AttributeError',
    'ZeroDivisionError',
    'UnboundLocalError',
    'MemoryError',
    'StopIteration',
  ],
  ...['NoMethodError', 'FrozenError', 'DivisionByZeroError', 'ArithmeticError', 'NoSuchMethodError'],
  ...[
    'SIGSEGV',
    'SIGBUS',
    'SIGILL',
    'SIGFPE',
    'EXC_BAD_ACCESS',
    'EXC_BAD_INSTRUCTION',
    'EXC_ARITHMETIC',
    'EXC_BREAKPOINT',
  ],
]);
const STACK_EXHAUSTED = new Set(['StackOverflowError', 'StackOverflowException', 'RecursionError', 'SystemStackError']);

/**
 * Types that refuse an argument: `IllegalArgumentException`, `ArgumentNullException`, `ArgumentError`,
 * `std::invalid_argument`; not `MissingArgumentException` of command lines.
 */
const REFUSES_ARGUMENT =
  /^(?:Illegal|Invalid|Bad)_?Argument|^Argument(?:Null|OutOfRange)?(?:Exception|Error)$|^invalid_argument$/;

/**
 * Whether an exception says that the caller passed a wrong argument: one function refuses many callers, and one of them
 * is at fault.
 */
export function refusesArgument(type: string): boolean {
  return REFUSES_ARGUMENT.test(type);
}

/** Whether the runtime raises this type by itself, so that its message is redundant. */
export function isRaisedByRuntime(type: string): boolean {
  return RAISED_BY_RUNTIME.has(type) || STACK_EXHAUSTED.has(type);
}

/** Whether the stack ran out. The last frame is chance then; the functions that call each other are the fault. */
export function isStackExhausted(type: string): boolean {
  return STACK_EXHAUSTED.has(type);
}
