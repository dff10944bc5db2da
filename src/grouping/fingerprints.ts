import { type AppEvent } from '../events/event.js';
import { type Fingerprint, fingerprintV1, type RuledFingerprint } from './fingerprint/fingerprint.v1.js';

/** Fingerprint of any version. */
export type AnyFingerprint = Omit<Fingerprint, 'version'> & { readonly version: string };

/** Released way to fingerprint events; its answer for an event never changes. */
export interface FingerprintVersion {
  readonly version: string;
  of(event: AppEvent, ruled?: RuledFingerprint): AnyFingerprint;
}

/**
 * Versions in use, newest first. To add one, put it in front and leave the old one in place for as long as old faults
 * may come back: an event that only the old key knows attaches to its issue and teaches it the new key.
 */
export const FINGERPRINTS_IN_USE: readonly FingerprintVersion[] = [{ version: 'v1', of: fingerprintV1 }];
