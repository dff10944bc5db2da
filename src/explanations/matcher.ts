/** One explanation as the matcher knows it. Entries of one incident in several languages carry the same id. */
export interface MatchEntry {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** Words of customers who meant it, such as confirmed outcomes; title and body count beside them. */
  readonly phrases: readonly string[];
  /** Language tag; null where it is not known. */
  readonly locale: string | null;
}

/** A customer's own words. */
export interface MatchQuery {
  readonly text: string;
  readonly locale?: string | null;
  /**
   * Ids of entries that come into question, the most likely first: those that hit this customer, those that may concern them, the rest.
   * Of several tiers the first needs less evidence. The first tier in which something fits answers; what stands in none is not considered. Without tiers, every entry is one tier.
   */
  readonly candidates?: readonly (readonly string[])[];
}

/** How sure a match is: `confident` may be told as it is, `possible` is worth a question back, `none` says nothing. */
export type MatchStrength = 'confident' | 'possible' | 'none';

/** An entry with what speaks for it. */
export interface RankedEntry {
  readonly id: string;
  /** 0 to 1, comparable between indexes; what decides about the strength. */
  readonly score: number;
  /** Likeness of the words, 0 to 1. */
  readonly words: number;
  /** Likeness of the meaning, 0 to 1; null where no embeddings were at hand. */
  readonly meaning: number | null;
}

/** Matches, best first; `ranked` holds the nearest entries even where `match` is `none`. */
export interface MatchAnswer {
  readonly match: MatchStrength;
  readonly ranked: readonly RankedEntry[];
  /** The tier of `candidates` that answered; null for `none`. */
  readonly tier: number | null;
}

/** Kinds of sentences by examples, each text in English or Chinese. */
export interface Kinds<Kind extends string = string> {
  /** By which they are known again: kinds of one name are read and embedded once. */
  readonly name: string;
  readonly examples: Readonly<Record<Kind, readonly string[]>>;
  /** Sentences near to the examples that are of none of the kinds. */
  readonly others: readonly string[];
}

/** The kind that a text is nearest to. */
export interface NearestKind<Kind extends string = string> {
  readonly kind: Kind;
  /** Likeness to its examples less likeness to the sentences of no kind, -1 to 1. */
  readonly evidence: number;
  /** False where words alone decided. */
  readonly byMeaning: boolean;
}

/** Finds the explanation that a customer's words are about. */
export interface Matcher {
  /** Replaces the entries; a match under way ends with those that it began with. Texts seen before cost nothing anew. */
  index(entries: readonly MatchEntry[]): Promise<void>;
  /** Answers for any text, however odd; an empty index answers `none`. Never throws for a text. */
  match(query: MatchQuery): Promise<MatchAnswer>;
  /** Finds the kind of sentence that a text is nearest to; null for a text without words. Never throws for a text. */
  kindOf(text: string, kinds: Kinds): Promise<NearestKind | null>;
  /** Ends what runs in the background. */
  close(): Promise<void>;
}

/** Injection token of the matcher. */
export const MATCHER = Symbol('matcher');
