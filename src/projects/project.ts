/** An app that sends events. */
export interface Project {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  /** Public keys that work, oldest first; they stand in DSNs, so they are no secrets. */
  readonly keys: readonly string[];
}
