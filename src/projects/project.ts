import { type ProjectKey } from './project-key.js';

/** An app that sends events. */
export interface Project {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  /** Public keys that work, oldest first; they stand in DSNs, so they are no secrets. */
  readonly keys: readonly string[];
}

/** A project as a key opened it. */
export interface OpenedProject {
  readonly project: Project;
  readonly key: ProjectKey;
}
