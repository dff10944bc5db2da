import { SetMetadata } from '@nestjs/common';
import { z } from 'zod';

/** Metadata key under which a handler says what it does and answers. */
export const ANSWERS = 'forewarn:answers';

/** A route in words, and its answer when all went well: JSON of a schema, a text of a type, or nothing. */
export interface Answering {
  readonly summary: string;
  readonly answer: { readonly schema: z.ZodType } | { readonly type: string } | 'nothing';
  /** Types of a body that no schema stands at. */
  readonly takes?: readonly string[];
}

/** The value that a handler returns for a schema: the schema's output, read-only. */
export type Answer<S extends z.ZodType> = Unchanging<z.output<S>>;

type Unchanging<T> = T extends Date
  ? T
  : T extends readonly (infer One)[]
    ? readonly Unchanging<One>[]
    : T extends object
      ? { readonly [K in keyof T]: Unchanging<T[K]> }
      : T;

/** A decorator for methods that give a `T`; on any other method it is a compiler error. */
type OnHandler<T> = <H extends (...args: never[]) => T | Promise<T>>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<H>,
) => void;

/**
 * Describes a route that answers JSON.
 * @param summary an order in a few words
 * @param takes types of a body that no schema stands at
 */
export function Answers<S extends z.ZodType>(
  summary: string,
  schema: S,
  takes?: readonly string[],
): OnHandler<Answer<S>> {
  return SetMetadata(ANSWERS, { summary, answer: { schema }, takes } satisfies Answering);
}

/** Describes a route that answers a text of this type, such as a page. */
export function AnswersText(
  summary: string,
  type: 'text/html' | 'text/plain' | 'text/csv' | 'text/xml' | 'text/event-stream' | 'text/javascript',
  takes?: readonly string[],
): OnHandler<string> {
  return SetMetadata(ANSWERS, { summary, answer: { type }, takes } satisfies Answering);
}

/** Describes a route that answers 204 without a body; `takes` are the types of a body that no schema stands at. */
export function AnswersNothing(summary: string, takes?: readonly string[]): OnHandler<void> {
  return SetMetadata(ANSWERS, { summary, answer: 'nothing', takes } satisfies Answering);
}

/** A moment; in JSON a text such as `2026-01-31T12:00:00.000Z`. */
export const moment = z.date();

/** A moment or null. */
export const maybeMoment = moment.nullable();

/** A number of things: whole, 0 or more. */
export const count = z.int().min(0);

/** The answer of a list: one page, and the cursor of the next. */
export function pageAnswer<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('Give it back as `cursor` for the next page; null on the last.'),
  });
}

/** A list that is shown whole. */
export function listAnswer<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item) });
}
