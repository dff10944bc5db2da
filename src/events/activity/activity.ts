import { identitiesOfUser } from '../../customers/identity.js';
import { featureName, type TraitPair, traitName, traitValue } from '../../customers/trait.js';
import { readCustomer } from '../native/native-event.js';
import { Fields, kindOf } from '../reading/fields.js';
import { asObject, scalarText } from '../reading/read-values.js';
import { parseTime, plausibleTime } from '../reading/time.js';
import { type Activity } from '../telemetry.js';

/** Result of reading one input; `reason` says what is wrong, where, and what to send instead. */
export type ActivityResult =
  { readonly ok: true; readonly activity: Activity } | { readonly ok: false; readonly reason: string };

/** Traits of one input beside the named ones. */
const MAX_TRAITS = 32;
/** Longest text read, UTF-16 units; a trait keeps less of it. */
const MAX_TEXT = 512;
const RENAMED = {
  user: 'customer',
  customerId: 'customer',
  user_id: 'customer',
  time: 'at',
  timestamp: 'at',
  version: 'release',
  transaction: 'feature',
  attributes: 'traits',
} as const;
const NAMED = ['release', 'os', 'device', 'browser'] as const;

/**
 * Reads one input of `POST /v1/activity`: `{customer, at?, release?, os?, device?, browser?, feature?, traits?: {…}}`. Strict, as native
 * events are. An `at` that is impossible at `receivedAt` (epoch ms) becomes it. Never throws.
 */
export function readActivity(raw: unknown, receivedAt: number): ActivityResult {
  if (!asObject(raw)) return { ok: false, reason: `an activity must be a JSON object, not ${kindOf(raw)}` };
  const problems: string[] = [];
  const fields = Fields.of(raw, '', problems, RENAMED)!;
  const customer = readCustomer(fields, problems);
  const at = readAt(fields, receivedAt);
  const traits = readTraits(fields);
  fields.finish();
  const [problem] = problems;
  if (problem !== undefined) return { ok: false, reason: problem };
  if (!customer)
    return { ok: false, reason: 'an activity needs a "customer": an id or an object such as {"id": "c-17"}' };
  if (identitiesOfUser(customer).length === 0)
    return {
      ok: false,
      reason: '"customer" must name somebody: an id, an email or a username, and no placeholder such as "null"',
    };
  return { ok: true, activity: { customer, at, traits } };
}

function readAt(fields: Fields, receivedAt: number): number {
  const value = fields.value('at');
  if (value === undefined) return receivedAt;
  const time = parseTime(value);
  if (time === undefined) fields.expect('at', 'a time as 2026-11-22T12:00:00Z or as epoch seconds', value);
  return plausibleTime(time, receivedAt);
}

function readTraits(fields: Fields): TraitPair[] {
  const traits = new Map<string, string>();
  const put = (name: string | undefined, value: string | undefined) => {
    if (name !== undefined && value !== undefined) traits.set(name, value);
  };
  readOwnTraits(fields, put);
  for (const name of NAMED) put(name, traitValue(fields.id(name, MAX_TEXT) ?? ''));
  put('feature', featureName(fields.text('feature', MAX_TEXT) ?? ''));
  return [...traits];
}

/** `traits`: short texts, numbers, or true and false. */
function readOwnTraits(fields: Fields, put: (name: string, value: string) => void): void {
  const given = fields.value('traits');
  if (given === undefined) return;
  const object = asObject(given);
  if (!object) return fields.expect('traits', 'an object of short texts', given);
  const names = Object.keys(object);
  if (names.length > MAX_TRAITS) return fields.expect('traits', `an object of ${MAX_TRAITS} traits at most`, given);
  for (const key of names) {
    const value = object[key];
    if (value === null) continue;
    const at = `traits.${key.slice(0, 64)}`;
    const [name, text] = [traitName(key), scalarText(value, MAX_TEXT)];
    if (name === undefined) return fields.expect(at, 'named with letters or digits', value);
    const kept = text === undefined ? undefined : traitValue(text);
    if (kept === undefined) return fields.expect(at, 'a short text, a number or true or false, and no address', value);
    put(name, kept);
  }
}
