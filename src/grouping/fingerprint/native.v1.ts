import { type Frame } from '../../events/event.js';
import { fileName } from './names.v1.js';

/**
 * Frozen as v1: frames of every native stack that tell no faults apart. The names are those of glibc, musl, Bionic,
 * Apple's libsystem and libc++abi, the Windows API and the C runtime, Rust, Swift and the crash reporters in use
 * (2026).
 */

/** Runtimes whose stacks never hold compiled code; all others, `other` among them, may. */
const MANAGED =
  /^(?:java|android|kotlin|scala|python|javascript|node|php|ruby|csharp|dotnet|go|elixir|perl|dart|flutter|haskell|clojure|groovy)\b/;

/** Functions by which a process ends itself: raising a signal or an exception, asserting, terminating. */
const ENDS_ITSELF = new RegExp(
  `^(?:${[
    String.raw`abort(?:_message|_with_\w+|_report_np)?|raise|gsignal|(?:pthread_)?kill(?:_\w+)?|tg?kill|exit|quick_exit`,
    String.raw`assert(?:_rtn|_fail(?:_base)?|_perror_fail|2)?|wassert|libc_(?:message|fatal)\w*|malloc_printerr|fortify_\w+|(?:stack_)?chk_fail\w*|report_gsfailure`,
    String.raw`(?:std::_*)?terminate|(?:std::)?_*throw_\w+|cxa_\w+|(?:cxxabiv1|gnu_cxx)::.*|Unwind_\w+|demangling_terminate_handler|objc_terminate|objc_exception_\w+|exceptionPreprocess`,
    String.raw`RaiseException|RaiseFailFastException|Rtl(?:Raise\w+|FailFast\w*|Report\w*Failure|DispatchException|p?Heap\w*(?:Error|Failure))|Ki(?:Raise)?UserExceptionDispatch(?:er)?`,
    String.raw`CxxThrowException|(?:Cxx|C_specific_|except_)\w*[Hh]andler\d?|UnhandledExceptionFilter|fastfail|invalid_parameter\w*|invoke_watson|purecall|[Dd]ebug_?[Bb]reak|TerminateProcess|ExitProcess`,
    String.raw`swift_(?:runtime_\w+|unexpectedError|abort\w*)|swift::(?:fatalError|swift_abort)\w*|(?:Swift\.)?_*(?:assertionFailure|fatalErrorMessage|preconditionFailure)|Swift runtime failure.*`,
    String.raw`rust_\w+|(?:core|std)::(?:panicking|panic|rt|sys\w*|result::unwrap_failed|option::(?:unwrap|expect)_failed)\b.*`,
    String.raw`(?:\w+::)*LogMessage(?:Fatal)?::.*|(?:\w+::)*(?:ImmediateCrash|CheckError::.*)|MOZ_Crash\w*|mozalloc_\w+|qFatal|qt_(?:assert|message_fatal)\w*|QMessageLogger::fatal|g_(?:assertion_message\w*|abort|logv?|log_abort)`,
  ].join('|')})$`,
);

/**
 * Functions by which a thread waits for others. Functions of an app may have the plainer of these names, so the app's
 * word goes first.
 */
const WAITS = new RegExp(
  `^(?:${[
    String.raw`psynch_\w+|mach_msg\w*|ulock_wait\w*|semaphore_\w*wait\w*|kevent\w*|p?select|p?poll|epoll_p?wait\w*|futex\w*|lll_lock_wait\w*|workq_kernreturn|(?:kernel_v)?syscall\w*`,
    String.raw`pthread_(?:cond|mutex|rwlock|join|timedjoin)\w*|(?:clock_)?nanosleep\w*|u?sleep|read|recv(?:from|msg)?|accept4?|wait(?:4|pid|id)?|sig(?:wait|suspend|timedwait)\w*|dispatch_(?:semaphore|group)?_?wait\w*`,
    String.raw`(?:Nt|Zw)(?:Wait|Delay|RemoveIo|UserGet|UserWait|UserMsgWait)\w*|(?:Msg)?WaitFor\w+|WaitMessage|WaitOnAddress|Sleep\w*|GetMessage[AW]|Rtlp?(?:Wait|Sleep|Enter)\w+`,
  ].join('|')})$`,
);

/** Functions that report the crash after it happened. */
const REPORTS_CRASH =
  /^(?:(?:google_)?breakpad|crashpad(?:_client)?|boost::stacktrace|folly::symbolizer)::|^(?:sentry(?:crash)?|kscrash|bsg|bugsnag|plcrash|crashpad|breakpad|FIRCLS)\w*$|^[-+]\[(?:Sentry|KSCrash|BSG|Bugsnag|PLCrash|FIRCLS|CLS)|^(?:backtrace|sigtramp|restore_rt|kernel_rt_sigreturn|<signal handler called>)|(?:^|[:_\W])(?:crash|signal|segv|sigsegv|sigabrt|abort|terminate)_?handler\b/i;

/** Folders and names of libraries that come with the operating system. */
const SYSTEM_LIBRARY =
  /^\/(?:usr\/lib|usr\/libexec|lib(?:32|64)?|System|system|apex|vendor\/lib(?:64)?)\/|^[A-Za-z]:\\Windows\\|(?:^|[/\\])(?:libsystem_\w+|lib(?:c|m|pthread|dl|rt|gcc_s|stdc\+\+|c\+\+|c\+\+abi|objc|dispatch|dyld|art|android_runtime|unwind)(?=[-.])|ld-linux|linux-(?:vdso|gate)|(?:ntdll|kernel32|kernelbase|ucrtbased?|msvcrt|msvcp\d+\w*|vcruntime\d+\w*|user32|win32u|combase|rpcrt4|advapi32|ole32|gdi32|ws2_32)\.(?:dll|pdb))/i;

/** Whether the stack may hold compiled code. */
export function mayBeNative(platform: string): boolean {
  return !MANAGED.test(platform);
}

/** Whether a frame of a native stack is no crash site: it ends the process, waits, or reports the crash. */
export function isNativePlumbing(frame: Frame): boolean {
  if (frame.function === undefined) return false;
  const name = bareName(frame.function);
  return ENDS_ITSELF.test(name) || REPORTS_CRASH.test(name) || (frame.inApp !== true && WAITS.test(name));
}

/** Whether a library or binary comes with the operating system. */
export function isSystemLibrary(path: string | undefined): boolean {
  return path !== undefined && SYSTEM_LIBRARY.test(path);
}

/** Reduces a library to its name: `/lib/libc-2.31.so` and `libc.so.6` are `libc`. */
export function libraryName(path: string): string {
  return fileName(path)
    .replace(/(?:\.so(?:\.\d+)*|\.\d+\.dylib|\.dylib|\.dll|\.pdb|\.exe)$/i, '')
    .toLowerCase();
}

/**
 * Longest name that we look at, UTF-16 units. C++ templates write far longer ones, and no name listed here is near it.
 */
const MAX_NAME = 200;

/** Strips a function of arguments, leading underscores, the marks of glibc's aliases and linkers' suffixes. */
function bareName(raw: string): string {
  const open = raw.indexOf('(', 1);
  const name = (open > 0 ? raw.slice(0, open) : raw).slice(0, MAX_NAME).trim();
  return name
    .replace(/^(?:@objc |specialized |static |platform )+/, '')
    .replace(/^_+(?:GI_+)?|^imp__+/, '')
    .replace(/(?:@@?[\w.]+|\$[A-Z]\w*|\.(?:cold|part|isra|constprop)\b.*)$/, '');
}
