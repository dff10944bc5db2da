import { type AppEvent, type ExceptionValue, type Frame } from '../../events/event.js';
import { isNativePlumbing, isSystemLibrary, mayBeNative } from './native.v1.js';
import { fileName, functionName, moduleName } from './names.v1.js';

/** Frame as the fingerprint sees it. Frozen as v1, with names.v1.ts. */
export interface CodeFrame {
  /** Module, or file if there is none. */
  readonly place: string;
  /** Name of the function; '' if it has none, or only one that a minifier made up. */
  readonly function: string;
  /** Text that we compare: place and function, never a line number. */
  readonly key: string;
  /** For people: `Cart.applyCoupon`. */
  readonly label: string;
  /**
   * Source text of the line, if the function has no name and the line is short enough to be written by hand; else ''.
   */
  readonly source: string;
}

/** Label of a frame that names neither its place nor its function. */
export const NAMELESS_CODE = 'code without names';

const SCRIPT_PLATFORM = /^(javascript|node)/;
/** Two-letter names that people write in scripts; we take other names this short for minified. */
const SHORT_NAMES = new Set(['on', 'of', 'up', 'do', 'go', 'is', 'id', 'to', 'at', 'by', 'in', 'fn', 'cb', 'or', 'db']);
/**
 * Longest source line that we take for hand-written, UTF-16 units; bundlers write far longer ones. Chosen by judgement,
 * not measured.
 */
const MAX_SOURCE_LINE = 120;

/** Reads the comparable names of a frame. */
export function readCodeFrame(frame: Frame, platform: string): CodeFrame {
  const script = SCRIPT_PLATFORM.test(platform);
  let name = functionName(frame.function, script);
  const asyncOwner = name === 'MoveNext' ? /<(\w+)>d__\d+/.exec(frame.module ?? '')?.[1] : undefined;
  if (asyncOwner) name = asyncOwner;
  const place = placeOf(frame);
  if (isMinified(name, place, script)) name = '';
  return {
    place,
    function: name,
    key: isQualified(name) && mayBeNative(platform) ? `|${name}` : `${place}|${name}`,
    label: labelOf(place, name, hasModule(frame)),
    source: name === '' ? sourceOf(frame.contextLine) : '',
  };
}

/** Whether a name holds its class or namespace; only some machines know its file. */
function isQualified(name: string): boolean {
  return name.includes('::') || name.startsWith('-[') || name.startsWith('+[');
}

function hasModule(frame: Frame): frame is Frame & { readonly module: string } {
  return frame.module !== undefined && frame.module !== '' && frame.module !== '?' && frame.module !== '<anonymous>';
}

function placeOf(frame: Frame): string {
  if (hasModule(frame)) return moduleName(frame.module);
  const file = frame.filename ?? frame.absPath;
  if (file && !file.startsWith('<')) return fileName(file);
  return frame.package ? fileName(frame.package) : '';
}

function isMinified(name: string, place: string, script: boolean): boolean {
  if (name.length === 0 || name.length > 2) return false;
  if (script) return !SHORT_NAMES.has(name);
  return place.slice(place.lastIndexOf('.') + 1).length <= 2;
}

/** Joins class or file and function as people write them: `Cart.applyCoupon`, `cart.load`. */
function labelOf(place: string, name: string, isModule: boolean): string {
  const short = isModule ? place.slice(Math.max(place.lastIndexOf('.'), place.lastIndexOf('\\')) + 1) : place;
  if (name === '') return short || NAMELESS_CODE;
  return short === '' || name.includes('::') || name.startsWith('-[') ? name : `${short.replace('$', '.')}.${name}`;
}

function sourceOf(line: string | undefined): string {
  const text = line?.trim() ?? '';
  return text.length <= MAX_SOURCE_LINE && /[A-Za-z]{3}/.test(text) ? text : '';
}

/** Lists the event's exceptions; an event with only a stack gets one empty exception around it. */
export function stacksOf(event: AppEvent): readonly ExceptionValue[] {
  return event.exceptions.length > 0 || event.stack === undefined ? event.exceptions : [{ frames: event.stack }];
}

/** Modules of runtimes and libraries, for SDKs that do not mark frames as the app's own. */
const LIBRARY_MODULE =
  /^(java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|android|androidx|com\.android|dalvik|junit|org\.(junit|springframework|apache|hibernate|eclipse)|io\.(netty|sentry|opentelemetry|reactivex)|reactor|System|Microsoft|runtime|reflect|std|core|alloc|node:|@?sentry|django|flask|werkzeug|celery|asyncio)(\.|\/|:|$)/;
const LIBRARY_PATH =
  /(^node:|^internal\/|node_modules[/\\]|site-packages\/|dist-packages\/|\/lib\/python|\/gems\/|\/rubygems\/|\/vendor\/|\/usr\/lib|\/usr\/local\/go\/|\/rustc\/|\/pkg\/mod\/|\/\.cargo\/|\/System\/Library\/|^native$|^\[native code\]$|^<anonymous>$|(chrome|moz|safari-web)-extension:\/\/)/;
/** Runtime code that some SDKs mark as the app's own. */
const NEVER_APP = /^(java|javax|jdk|sun)\.|^(node:|internal\/|<anonymous>$|\[native code\]$|native$)/;
/**
 * Functions that only pass a call on: async machinery, reflection, generated accessors, SDK wrappers, comprehensions.
 */
const PLUMBING_FUNCTION =
  /^(access\$\d+|processTicksAndRejections|process\.processTicksAndRejections|asyncToGenerator|_asyncToGenerator|asyncGeneratorStep|__awaiter|fulfilled|rejected|sentryWrapped|<(list|dict|set)comp>|<genexpr>|resumeWith|_objc_msgSend|objc_msgSend|rethrow)$/;
const PLUMBING_MODULE =
  /Accessor\d*$|^\$Proxy|\$Proxy\d*$|FastClassBy|^kotlinx\.coroutines\.|ExceptionDispatchInfo$|TaskAwaiter/;

/**
 * Places that script engines give for their own code, such as Array.forEach: Safari shows such frames, Chrome others,
 * Firefox none.
 */
const ENGINE_CODE = /^(?:\[native code\]|<anonymous>|native)$/;

/** Whether a frame only passes a call on; it is never a crash site nor a caller. */
export function isPlumbing(frame: Frame, platform: string): boolean {
  const name = frame.function;
  if (name !== undefined && PLUMBING_FUNCTION.test(name)) return true;
  if (frame.module !== undefined) return PLUMBING_MODULE.test(frame.module);
  if (SCRIPT_PLATFORM.test(platform)) return ENGINE_CODE.test(frame.filename ?? '');
  return mayBeNative(platform) && isNativePlumbing(frame);
}

/**
 * Makes the test for the app's own frames: the SDK's word if it marked at least one, else every frame outside known
 * runtimes and libraries. Runtime frames are never the app's, whoever says so.
 */
export function appFrameTest(exceptions: readonly ExceptionValue[], platform: string): (frame: Frame) => boolean {
  const marked = exceptions.some((exception) => exception.frames.some((frame) => frame.inApp === true));
  return marked
    ? (frame) => frame.inApp === true && !neverApp(frame) && !isPlumbing(frame, platform)
    : (frame) => frame.inApp !== false && !isLibrary(frame) && !isPlumbing(frame, platform);
}

function neverApp(frame: Frame): boolean {
  return NEVER_APP.test(frame.module ?? frame.filename ?? '') || isSystemLibrary(frame.package);
}

function isLibrary(frame: Frame): boolean {
  if (frame.module !== undefined && LIBRARY_MODULE.test(frame.module)) return true;
  if (isSystemLibrary(frame.package)) return true;
  const file = frame.absPath ?? frame.filename;
  return file !== undefined && LIBRARY_PATH.test(file);
}
