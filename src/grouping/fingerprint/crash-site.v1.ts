import { type ExceptionValue, type Frame } from '../../events/event.js';
import { appFrameTest, type CodeFrame, isPlumbing, readCodeFrame } from './frames.v1.js';
import { isSystemLibrary, libraryName, mayBeNative } from './native.v1.js';
import { helperKind, isRaisedByRuntime, isStackExhausted, refusesArgument } from './helpers.v1.js';

/** Place where an exception chain went wrong, in the app's own code as far as the stack shows it. Frozen as v1. */
export interface CrashSite {
  readonly site: CodeFrame;
  /** Caller of the site, only if the site alone does not tell faults apart. */
  readonly caller?: CodeFrame;
  /** Library function that the site called and that threw. */
  readonly callee?: CodeFrame;
  /** Helpers between the throw and the site, which throw on behalf of their callers. */
  readonly skipped: readonly CodeFrame[];
  /** Functions that call each other, if the stack ran out. */
  readonly cycle?: readonly CodeFrame[];
  /** Whether the site has no name that survives a build, so that the key needs more. */
  readonly weak: boolean;
  /** Whether the site lies in the app; false if the whole stack is library code. */
  readonly inApp: boolean;
}

/**
 * Most frames to read from the throw downwards in search of a site and its caller. Chosen by judgement, not measured;
 * it only bounds the work.
 */
const MAX_WALK = 100;

/**
 * Finds the crash site of a chain, innermost cause first: in the innermost exception with app frames. Undefined without
 * frames.
 */
export function findCrashSite(chain: readonly ExceptionValue[], type: string, platform: string): CrashSite | undefined {
  const isApp = appFrameTest(chain, platform);
  const withName = mayBeNative(platform) ? (frame: Frame) => isApp(frame) && isNamed(frame, platform) : isApp;
  for (const wanted of withName === isApp ? [isApp] : [withName, isApp]) {
    for (const [depth, exception] of chain.entries()) {
      const first = lastIndexWhere(exception.frames, wanted);
      if (first >= 0) return siteInApp(exception.frames, first, wanted, type, platform, depth === 0);
    }
  }
  const frames = chain.find((exception) => exception.frames.length > 0)?.frames;
  return frames ? siteInLibrary(frames, platform) : undefined;
}

/**
 * Whether a frame has a name. Stripped binaries have nameless frames between named ones, and which they are changes
 * with every build.
 */
function isNamed(frame: Frame, platform: string): boolean {
  return readCodeFrame(frame, platform).function !== '' || frame.module !== undefined;
}

function siteInApp(
  frames: readonly Frame[],
  first: number,
  isApp: (frame: Frame) => boolean,
  type: string,
  platform: string,
  isRoot: boolean,
): CrashSite | undefined {
  if (isStackExhausted(type)) {
    const cycle = callCycle(frames.filter(isApp), platform);
    const site = cycle[0];
    if (site) return { site, cycle, skipped: [], weak: site.function === '', inApp: true };
  }
  const callee = isRoot ? calleeOf(frames, first, platform) : undefined;
  const walk = new Walk(frames, first, isApp, platform);
  const skipped: CodeFrame[] = [];
  const byRuntime = isRaisedByRuntime(type);
  let site = walk.next();
  const thrower = site;
  while (site && throwsForCaller(site, byRuntime)) {
    skipped.push(site);
    site = walk.next();
  }
  site ??= thrower;
  if (!site) return undefined;
  const checkedByLibrary = callee !== undefined && helperKind(callee.place, callee.function) === 'asserts';
  const weak = site.function === '';
  const refused = callee === undefined && isRoot && refusesArgument(type);
  const wantsCaller = skipped.length > 0 || checkedByLibrary || refused || (weak && site.source === '');
  const caller = wantsCaller ? nextOrdinary(walk, site, byRuntime) : undefined;
  return {
    site,
    caller,
    callee: checkedByLibrary ? undefined : callee,
    skipped: site === thrower ? [] : skipped,
    weak,
    inApp: true,
  };
}

function throwsForCaller(frame: CodeFrame, byRuntime: boolean): boolean {
  const kind = helperKind(frame.place, frame.function);
  return kind === 'asserts' || (kind === 'reports' && !byRuntime);
}

function nextOrdinary(walk: Walk, site: CodeFrame, byRuntime: boolean): CodeFrame | undefined {
  for (let frame = walk.next(); frame; frame = walk.next()) {
    if (frame.key !== site.key && frame.function !== '' && !throwsForCaller(frame, byRuntime)) return frame;
  }
  return undefined;
}

/**
 * Finds the first library frame above the site: the call as the app's source writes it, without the library's own
 * depths.
 */
function calleeOf(frames: readonly Frame[], first: number, platform: string): CodeFrame | undefined {
  if (platform === 'javascript') return undefined;
  const native = mayBeNative(platform);
  for (let i = first + 1; i < frames.length; i++) {
    const frame = frames[i];
    if (!frame) continue;
    if (native && isSystemLibrary(frame.package)) return wholeLibrary(frame.package ?? '');
    if (isPlumbing(frame, platform)) continue;
    const read = readCodeFrame(frame, platform);
    if (read.function !== '') return read;
    if (!native) return undefined;
  }
  return undefined;
}

/** Reduces a system library to one place, since some machines name its functions and others do not. */
function wholeLibrary(path: string): CodeFrame {
  const place = libraryName(path);
  return { place, function: '', key: `${place}|`, label: place, source: '' };
}

/** Makes a site when all frames are library code: the throwing function with its caller. */
function siteInLibrary(frames: readonly Frame[], platform: string): CrashSite | undefined {
  const isWork = (frame: Frame): boolean => !isPlumbing(frame, platform);
  const named = (frame: Frame): boolean => isWork(frame) && isNamed(frame, platform);
  const wanted = mayBeNative(platform) && frames.some(named) ? named : isWork;
  const walk = new Walk(frames, frames.length - 1, wanted, platform);
  const site = walk.next();
  if (!site) return undefined;
  return { site, caller: nextOrdinary(walk, site, false), skipped: [], weak: site.function === '', inApp: false };
}

/**
 * Finds the functions that fill an exhausted stack, in alphabetical order: each at least half as frequent as the most
 * frequent.
 */
function callCycle(frames: readonly Frame[], platform: string): CodeFrame[] {
  const seen = new Map<string, { readonly frame: CodeFrame; count: number }>();
  for (const raw of frames) {
    const frame = readCodeFrame(raw, platform);
    const known = seen.get(frame.key);
    if (known) known.count++;
    else seen.set(frame.key, { frame, count: 1 });
  }
  const most = Math.max(0, ...Array.from(seen.values(), (entry) => entry.count));
  const cycle = [...seen.values()].filter((entry) => entry.count * 2 >= most && entry.count > 1);
  const chosen = cycle.length > 0 ? cycle : [...seen.values()].slice(-1);
  return chosen
    .map((entry) => entry.frame)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, 4);
}

/** Walks from the throw towards the entry over app frames; calls of a function by itself count once. */
class Walk {
  private previous = '';

  constructor(
    private readonly frames: readonly Frame[],
    private at: number,
    private readonly isWanted: (frame: Frame) => boolean,
    private readonly platform: string,
  ) {}

  next(): CodeFrame | undefined {
    for (let left = MAX_WALK; this.at >= 0 && left > 0; left--) {
      const raw = this.frames[this.at--];
      if (!raw || !this.isWanted(raw)) continue;
      const frame = readCodeFrame(raw, this.platform);
      if (frame.key === this.previous) continue;
      this.previous = frame.key;
      return frame;
    }
    return undefined;
  }
}

function lastIndexWhere(frames: readonly Frame[], test: (frame: Frame) => boolean): number {
  for (let i = frames.length - 1; i >= 0; i--) {
    const frame = frames[i];
    if (frame && test(frame)) return i;
  }
  return -1;
}
