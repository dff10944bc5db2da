import { z } from 'zod';
import { Scrubber } from '../../events/scrubber.js';
import { type Embedder } from './embedder.js';

/** Texts in one request. */
const AT_ONCE = 64;
const answer = z.object({
  data: z.array(z.object({ index: z.number().int().min(0), embedding: z.array(z.number()).min(8).max(8192) })),
});

/** How to reach an endpoint. */
export interface EndpointSetup {
  readonly url: string;
  readonly model: string;
  /** Milliseconds for one request. */
  readonly timeout: number;
  readonly key: string | undefined;
}

/** Vectors from an endpoint as OpenAI's `/v1/embeddings`. It gets texts without addresses, numbers and names that the scrubber knows. */
export class EndpointEmbedder implements Embedder {
  private readonly scrubber = new Scrubber();

  constructor(private readonly setup: EndpointSetup) {}

  async embed(texts: readonly string[]): Promise<Float32Array[] | null> {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += AT_ONCE) {
      const part = await this.ask(texts.slice(at, at + AT_ONCE).map((text) => this.redact(text)));
      if (part === null) return null;
      vectors.push(...part);
    }
    return vectors;
  }

  async close(): Promise<void> {
    // Requests end by their time limit.
  }

  private async ask(input: readonly string[]): Promise<Float32Array[] | null> {
    const { url, model, timeout, key } = this.setup;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
        body: JSON.stringify({ model, input }),
        signal: AbortSignal.timeout(timeout),
        redirect: 'error',
      });
      if (!response.ok) return null;
      const { data } = answer.parse(await response.json());
      const vectors = data
        .toSorted((one, other) => one.index - other.index)
        .map((one) => Float32Array.from(one.embedding));
      const alike = vectors.every((vector) => vector.length === vectors[0]!.length && vector.every(Number.isFinite));
      return vectors.length === input.length && alike ? vectors : null;
    } catch {
      return null;
    }
  }

  /** Without what could say who asks: addresses, keys, cards, and every longer number. */
  private redact(text: string): string {
    return (
      this.scrubber
        .text(text)
        .replace(/\d[\d ./-]{3,}\d/g, ' ')
        .trim() || '-'
    );
  }
}
