import { type ExceptionValue, type Frame, type Mechanism } from '../event.js';
import { anyText, asList, asObject, flag, type Json, natural, scalarText, text } from '../reading/read-values.js';

/** Frames kept of a long stack: the newest, where it crashed, and a few of the oldest, how it was entered. */
export const MAX_NEWEST_FRAMES = 100;
export const MAX_OLDEST_FRAMES = 10;
/** Exceptions kept of a long chain: the innermost, which is the root cause, and the outermost. */
export const MAX_INNERMOST = 10;
export const MAX_OUTERMOST = 40;
/** Threads looked at of one event; a big server has some hundred, and one stack is read of them. */
export const MAX_THREADS = 1_000;
/** Longest strings kept, UTF-16 units; ours, above what real programs name. */
const MAX = { value: 8192, type: 256, name: 512, path: 1024, line: 256 } as const;

/**
 * The exceptions of a Sentry event, innermost cause first, from every shape SDKs send: `{values: [...]}`, a bare list, a
 * bare object; null members and members without a stack included. An exception without a stack takes that of its thread;
 * a lone one that of the event, where old clients put it.
 */
export function readExceptions(event: Json): ExceptionValue[] {
  const members = keepEnds(exceptionMembers(event.exception), MAX_INNERMOST, MAX_OUTERMOST);
  const values: ExceptionValue[] = [];
  for (let i = 0; i < members.length; i++) {
    const member = asObject(members[i]);
    if (member) values.push(readException(member, event, members.length === 1));
  }
  return values;
}

/** A list cut to its first and last members; the list itself when it is short enough. */
export function keepEnds<T>(list: readonly T[], first: number, last: number): readonly T[] {
  return list.length <= first + last ? list : [...list.slice(0, first), ...list.slice(-last)];
}

function exceptionMembers(exception: unknown): readonly unknown[] {
  const list = asList(exception);
  if (list) return list;
  const object = asObject(exception);
  if (!object) return [];
  if ('values' in object) return asList(object.values) ?? (asObject(object.values) ? [object.values] : []);
  return 'type' in object || 'value' in object || 'stacktrace' in object ? [object] : [];
}

function readException(member: Json, event: Json, isLone: boolean): ExceptionValue {
  let frames = readFrames(member.stacktrace);
  if (frames.length === 0 && event.threads) frames = readFrames(threadStack(event.threads, member.thread_id));
  if (frames.length === 0 && isLone && event.stacktrace) frames = readFrames(event.stacktrace);
  return {
    type: text(member.type, MAX.type),
    value: anyText(member.value, MAX.value),
    module: text(member.module, MAX.name),
    mechanism: readMechanism(member.mechanism),
    frames,
  };
}

/**
 * Frames of an event without exceptions, oldest call first: of the thread that crashed or reported, else of the event itself, else the
 * line of the page template that failed. Undefined without any.
 */
export function readStack(event: Json): readonly Frame[] | undefined {
  for (const stack of [threadStack(event.threads, undefined), event.stacktrace, templateStack(event.template)]) {
    const frames = readFrames(stack);
    if (frames.length > 0) return frames;
  }
  return undefined;
}

/**
 * The stack of the thread that the exception names, or else of the one that crashed, that reported, that is the main one, or
 * that is the only one, in this order. A thread without frames is passed over.
 */
function threadStack(threads: unknown, threadId: unknown): unknown {
  const list = asList(threads) ?? asList(asObject(threads)?.values) ?? [];
  const found: [crashed?: unknown, current?: unknown, main?: unknown] = [];
  const last = Math.min(list.length, MAX_THREADS);
  for (let i = 0; i < last; i++) {
    const thread = asObject(list[i]);
    if (!thread) continue;
    if (threadId !== undefined && threadId !== null && thread.id === threadId) return thread.stacktrace;
    if (!hasFrames(thread.stacktrace)) continue;
    if (thread.crashed === true) found[0] ??= thread.stacktrace;
    if (thread.current === true) found[1] ??= thread.stacktrace;
    if (thread.main === true || list.length === 1) found[2] ??= thread.stacktrace;
  }
  return found[0] ?? found[1] ?? found[2];
}

function hasFrames(stacktrace: unknown): boolean {
  const list = asList(asObject(stacktrace)?.frames) ?? asList(stacktrace);
  return list !== undefined && list.length > 0;
}

/** The interface `template` of Django's old clients names one line of a page; it is read as a stack of one frame. */
function templateStack(template: unknown): unknown {
  const line = asObject(template);
  return line && (text(line.filename, MAX.path) ?? text(line.abs_path, MAX.path)) ? [line] : undefined;
}

function readFrames(stacktrace: unknown): Frame[] {
  const all = asList(asObject(stacktrace)?.frames) ?? asList(stacktrace);
  if (!all) return [];
  const kept = keepEnds(all, MAX_OLDEST_FRAMES, MAX_NEWEST_FRAMES);
  const frames: Frame[] = [];
  for (let i = 0; i < kept.length; i++) {
    const frame = kept[i];
    if (typeof frame === 'object' && frame !== null) frames.push(readFrame(frame as Json));
  }
  return frames;
}

function readFrame(frame: Json): Frame {
  return {
    module: text(frame.module, MAX.name),
    function: text(frame.function, MAX.name),
    filename: text(frame.filename, MAX.path),
    absPath: text(frame.abs_path, MAX.path),
    lineno: natural(frame.lineno),
    colno: natural(frame.colno),
    inApp: flag(frame.in_app),
    contextLine: text(frame.context_line, MAX.line),
    package: text(frame.package, MAX.path),
  };
}

function readMechanism(value: unknown): Mechanism | undefined {
  const mechanism = asObject(value);
  if (!mechanism) return undefined;
  return {
    type: scalarText(mechanism.type, MAX.type),
    handled: flag(mechanism.handled),
    synthetic: flag(mechanism.synthetic),
    exceptionId: natural(mechanism.exception_id),
    parentId: natural(mechanism.parent_id),
    isExceptionGroup: flag(mechanism.is_exception_group),
  };
}
