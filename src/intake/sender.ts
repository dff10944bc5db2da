import { type Trust } from '../projects/project-key.js';

/** Who sends: the project that a key opened, and what of the key and the address later steps need. */
export interface Sender {
  /** Of the project. */
  readonly id: number;
  readonly keyId: number;
  /** How what is said with this key is known, as long as nothing is signed. */
  readonly trust: Trust;
  /** A salted hash of key and address: `Projects.sourceOf`. */
  readonly source: number;
}
