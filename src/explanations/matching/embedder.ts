/** Makes sentence vectors. */
export interface Embedder {
  /**
   * One vector a text, all of one length.
   * @param texts not empty
   * @returns null when it cannot at the moment; words alone decide then
   */
  embed(texts: readonly string[]): Promise<readonly Float32Array[] | null>;
  close(): Promise<void>;
}
