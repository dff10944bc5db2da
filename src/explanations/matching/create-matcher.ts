import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  type Kinds,
  type MatchAnswer,
  type MatchEntry,
  type Matcher,
  type MatchQuery,
  type NearestKind,
} from '../matcher.js';
import { type MatchingConfig } from '../matching-config.js';
import { BuiltInEmbedder } from './built-in.embedder.js';
import { knowChinese } from './chinese.js';
import { type Embedder } from './embedder.js';
import { EndpointEmbedder } from './endpoint.embedder.js';
import { LocalMatcher } from './local.matcher.js';
import { ThreadCalls } from './thread-calls.js';

/** Milliseconds that a customer's question waits for the sentence model while it loads or has much to do. */
const PATIENCE_MS = 250;
/** Threads are there once the program is compiled. */
const THREAD = fileURLToPath(new URL('./matching-thread.js', import.meta.url));
const EMBEDDING_THREAD = fileURLToPath(new URL('./embedding-thread.js', import.meta.url));
const NOTHING: MatchAnswer = { match: 'none', ranked: [], tier: null };

/** Settings of a matcher; they pass into a thread as they are. */
export interface MatchingSetup {
  readonly config: MatchingConfig;
  /** Key of the embeddings endpoint. */
  readonly key: string | undefined;
}

/** Orders of the matching thread. */
export type MatchingOrder =
  | { readonly entries: readonly MatchEntry[] }
  | { readonly query: MatchQuery }
  | { readonly text: string; readonly kinds: Kinds };

/** The matcher of the daemon: in a thread that starts with the first question, so that no request waits for it and idle ones cost nothing. */
export function createMatcher(setup: MatchingSetup): Matcher {
  return existsSync(THREAD)
    ? new ThreadMatcher(() => new Worker(THREAD, { workerData: setup }))
    : localMatcher(setup, 'here');
}

/** A matcher in this thread. `embed` says whether the sentence model shares it. */
export function localMatcher({ config, key }: MatchingSetup, embed: 'here' | 'thread'): Matcher {
  if (config.embedder === 'none') return new LocalMatcher(undefined, knowChinese);
  if (config.endpoint) return new LocalMatcher(new EndpointEmbedder({ ...config.endpoint, key }), knowChinese);
  return embed === 'here'
    ? new LocalMatcher(new BuiltInEmbedder(), knowChinese)
    : new LocalMatcher(new ThreadEmbedder(), knowChinese, PATIENCE_MS);
}

class ThreadEmbedder implements Embedder {
  private readonly calls = new ThreadCalls<readonly string[], readonly Float32Array[]>(
    () => new Worker(EMBEDDING_THREAD),
  );

  async embed(texts: readonly string[]): Promise<readonly Float32Array[] | null> {
    return this.calls.call(texts).catch(() => null);
  }

  close(): Promise<void> {
    return this.calls.close();
  }
}

class ThreadMatcher implements Matcher {
  private readonly calls: ThreadCalls<MatchingOrder, MatchAnswer | NearestKind | null | undefined>;
  private entries: readonly MatchEntry[] = [];

  constructor(start: () => Worker) {
    this.calls = new ThreadCalls(start);
  }

  async index(entries: readonly MatchEntry[]): Promise<void> {
    this.entries = entries;
    if (this.calls.running) await this.calls.call({ entries });
  }

  async match(query: MatchQuery): Promise<MatchAnswer> {
    if (this.entries.length === 0) return NOTHING;
    this.begin();
    return ((await this.calls.call({ query }).catch(() => undefined)) as MatchAnswer | undefined) ?? NOTHING;
  }

  async kindOf(text: string, kinds: Kinds): Promise<NearestKind | null> {
    this.begin();
    return (await this.calls.call({ text, kinds }).catch(() => null)) as NearestKind | null;
  }

  close(): Promise<void> {
    return this.calls.close();
  }

  /** Whoever asks first starts the thread, which then gets the entries. */
  private begin(): void {
    if (!this.calls.running) void this.calls.call({ entries: this.entries }).catch(() => undefined);
  }
}
