import { type ProjectKey } from './project-key.js';

/** A list of customers in which an id stands for one person. */
export interface Directory {
  readonly id: number;
  readonly name: string;
}

/** An app that sends events. */
export interface Project {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  /** The list of customers whose ids it uses; projects may share one. */
  readonly directory: Directory;
  /** Public keys that work, oldest first; they stand in DSNs, so they are no secrets. */
  readonly keys: readonly string[];
}

/** A project as a key opened it. */
export interface OpenedProject {
  readonly project: Project;
  readonly key: ProjectKey;
}
