import { emptyAttributes, type OtlpAttributes } from './otlp-model.js';
import { type Json } from '../reading/read-values.js';

/** Most that attributes which records share take of each one's payload, UTF-16 units; those of real services have less than half. */
const MAX_SHARED = 8192;
/** Longest text and longest JSON kept of one of them, UTF-16 units. */
const MAX_VALUE = 512;
const MAX_KEY = 200;
const TRIMMED = '[trimmed]';
/** Attributes that say most about where an error happened, kept before all else. */
const FIRST = [
  'service.',
  'deployment.',
  'telemetry.sdk.',
  'http.',
  'host.name',
  'os.',
  'container.',
  'k8s.',
  'cloud.',
];

/**
 * Bounds the attributes that many records share, for the payload of each: the payloads are kept one by one, so a large
 * resource would be written down once a record.
 */
export function sampleOfShared(attributes: OtlpAttributes): Json {
  const sample = emptyAttributes();
  const keys = Object.keys(attributes).filter((key) => key.length <= MAX_KEY);
  const isFirst = (key: string): boolean => FIRST.some((prefix) => key.startsWith(prefix));
  let left = MAX_SHARED;
  for (const key of [...keys.filter(isFirst), ...keys.filter((one) => !isFirst(one))]) {
    const value = cut(attributes[key]);
    const size = key.length + (typeof value === 'string' ? value.length : JSON.stringify(value).length);
    if (size > left) continue;
    sample[key] = value;
    left -= size;
  }
  return sample;
}

/**
 * Texts are cut between words and JSON is kept or left out as a whole: half an address or half an object would no longer be
 * seen for what it is when secrets are taken out.
 */
function cut(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value).length > MAX_VALUE ? TRIMMED : value;
  if (typeof value !== 'string' || value.length <= MAX_VALUE) return value;
  const start = value.slice(0, MAX_VALUE);
  return /^\s*[[{]/.test(start) ? TRIMMED : `${start.slice(0, start.lastIndexOf(' ') + 1)}${TRIMMED}`;
}
