import { type ExceptionValue } from '../event.js';
import { text } from '../reading/read-values.js';
import {
  keepEnds,
  MAX_INNERMOST,
  MAX_NEWEST_FRAMES,
  MAX_OLDEST_FRAMES,
  MAX_OUTERMOST,
} from '../sentry/sentry-exceptions.js';
import { looksLikeDotnet, parseDotnetStack } from './stack-dotnet.js';
import { looksLikeGo, parseGoStack } from './stack-go.js';
import { looksLikeJava, parseJavaStack } from './stack-java.js';
import { looksLikeJavascript, parseJavascriptStack } from './stack-javascript.js';
import { looksLikePhp, parsePhpStack } from './stack-php.js';
import { looksLikePython, parsePythonStack } from './stack-python.js';
import { looksLikeRuby, parseRubyStack } from './stack-ruby.js';

/** Languages whose stack text is read into frames. */
export type StackLanguage = 'javascript' | 'python' | 'java' | 'go' | 'csharp' | 'ruby' | 'php';

/** Lines kept of a stack text: both ends, as a crash site is first in most languages and last in Python. */
const MAX_LINES_EACH_END = 1000;
/** Longest message kept, UTF-16 units; as of Sentry events. */
const MAX_VALUE = 8192;
/** Longest line read, UTF-16 units. */
const MAX_LINE = 1024;
/** Lines at both ends that the language is told from. */
const DETECTION_LINES = 60;
/** Longest text split into lines at all, UTF-16 units. */
const MAX_TEXT = 1 << 20;

interface Dialect {
  readonly language: StackLanguage;
  readonly looksLike: (line: string) => boolean;
  readonly parse: (lines: readonly string[]) => ExceptionValue[];
}

/** In order of preference where a line looks like several. */
const DIALECTS: readonly Dialect[] = [
  { language: 'python', looksLike: looksLikePython, parse: parsePythonStack },
  { language: 'php', looksLike: looksLikePhp, parse: parsePhpStack },
  { language: 'java', looksLike: looksLikeJava, parse: parseJavaStack },
  { language: 'javascript', looksLike: looksLikeJavascript, parse: parseJavascriptStack },
  { language: 'go', looksLike: looksLikeGo, parse: parseGoStack },
  { language: 'ruby', looksLike: looksLikeRuby, parse: parseRubyStack },
  { language: 'csharp', looksLike: looksLikeDotnet, parse: parseDotnetStack },
];

/** Content of a stack text; `language` undefined and no exceptions when no line looks like a frame. */
export interface StackText {
  readonly language?: StackLanguage;
  /** Innermost cause first, frames oldest call first. */
  readonly exceptions: readonly ExceptionValue[];
}

/**
 * Reads a stack text as a language's runtime prints it: chained causes as several exceptions, frames with a guess of which
 * are the app's own. The language is told from the lines, so text relayed by another program's logger is read too.
 */
export function parseStackText(stack: string): StackText {
  const lines = splitLines(stack);
  const dialect = detect(keepEnds(lines, DETECTION_LINES, DETECTION_LINES));
  if (!dialect) return { exceptions: [] };
  const exceptions = keepEnds(dialect.parse(lines), MAX_INNERMOST, MAX_OUTERMOST);
  return { language: dialect.language, exceptions: exceptions.map(bounded) };
}

function detect(lines: readonly string[]): Dialect | undefined {
  let best: Dialect | undefined;
  let bestCount = 0;
  for (const dialect of DIALECTS) {
    let count = 0;
    for (const line of lines) if (dialect.looksLike(line)) count++;
    if (count > bestCount) [best, bestCount] = [dialect, count];
  }
  return best;
}

function splitLines(stack: string): readonly string[] {
  const ends = stack.length > MAX_TEXT ? `${stack.slice(0, MAX_TEXT / 2)}\n${stack.slice(-MAX_TEXT / 2)}` : stack;
  const lines = keepEnds(ends.split('\n'), MAX_LINES_EACH_END, MAX_LINES_EACH_END);
  return lines.map((line) => text(line, MAX_LINE)?.trimEnd() ?? '');
}

function bounded(exception: ExceptionValue): ExceptionValue {
  return {
    ...exception,
    value: text(exception.value, MAX_VALUE),
    frames: keepEnds(exception.frames, MAX_OLDEST_FRAMES, MAX_NEWEST_FRAMES),
  };
}
