import { type AppEvent } from '../events/event.js';
import { type Fingerprint, fingerprintV1, type RuledFingerprint } from './fingerprint/fingerprint.v1.js';

/** A fingerprint of whatever version. */
export type AnyFingerprint = Omit<Fingerprint, 'version'> & { readonly version: string };

/** One released way to fingerprint events; what it answers for an event never changes. */
export interface FingerprintVersion {
  readonly version: string;
  of(event: AppEvent, ruled?: RuledFingerprint): AnyFingerprint;
}

/**
 * The versions in use, newest first. To bring in a new one, put it in front and leave the old one in place for as long as old
 * faults may come back: an event that only the old key knows attaches to its issue and teaches it the new key.
 */
export const FINGERPRINTS_IN_USE: readonly FingerprintVersion[] = [{ version: 'v1', of: fingerprintV1 }];
