import { type TraitPair } from '../../customers/trait.js';
import { asList, asObject, type Json, natural, scalarText, text } from '../reading/read-values.js';
import { userAgentTraits } from '../reading/user-agent.js';
import { readTimestamp } from '../reading/time.js';
import { type SessionCount } from '../telemetry.js';

const MINUTE = 60_000;

/** Most aggregates of one item that keep their user, far beyond what SDKs send; the others are summed by minute. */
export const MAX_AGGREGATES = 10_000;

/**
 * The counts of a `session` item. A session is sent several times: it counts as started when `init` is set, and as ended
 * once, by the update with its final status, so that no state is needed. A session that never reports its end has none.
 * Undefined when it says neither.
 */
export function readSession(raw: Json, receivedAt: number): SessionCount | undefined {
  if (typeof raw.status !== 'string' && typeof raw.init !== 'boolean') return undefined;
  const status = typeof raw.status === 'string' ? raw.status : 'ok';
  const failed =
    status === 'errored' || status === 'unhandled' || (status === 'exited' && (natural(raw.errors) ?? 0) > 0);
  return {
    ...readAttributes(raw.attrs),
    at: readTimestamp(raw.timestamp ?? raw.started, receivedAt),
    did: readUserId(raw.did),
    started: raw.init === true ? 1 : 0,
    exited: status === 'exited' && !failed ? 1 : 0,
    errored: failed ? 1 : 0,
    crashed: status === 'crashed' ? 1 : 0,
    abnormal: status === 'abnormal' ? 1 : 0,
  };
}

/**
 * The counts of a `sessions` item, one per aggregate; sessions in it have ended, so their ends are what started. Aggregates
 * beyond `MAX_AGGREGATES` join one count a minute that names no user, so that every session counts at a bounded cost.
 * Undefined when it has no list, or nothing in it is a count.
 */
export function readSessionAggregates(raw: Json, receivedAt: number): SessionCount[] | undefined {
  const aggregates = asList(raw.aggregates);
  if (!aggregates) return undefined;
  const attributes = readAttributes(raw.attrs);
  const counts: SessionCount[] = [];
  const others = new Map<number, SessionCount>();
  for (const item of aggregates) {
    const count = readAggregate(asObject(item), attributes, receivedAt);
    if (!count) continue;
    if (counts.length < MAX_AGGREGATES) {
      counts.push(count);
      continue;
    }
    const minute = Math.floor(count.at / MINUTE);
    others.set(minute, sumOf(count, others.get(minute)));
  }
  return aggregates.length > 0 && counts.length === 0 ? undefined : [...counts, ...others.values()];
}

function readAggregate(
  aggregate: Json | undefined,
  attributes: Pick<SessionCount, 'release' | 'environment' | 'traits'>,
  receivedAt: number,
): SessionCount | undefined {
  if (!aggregate) return undefined;
  const exited = natural(aggregate.exited) ?? 0;
  const errored = (natural(aggregate.errored) ?? 0) + (natural(aggregate.unhandled) ?? 0);
  const crashed = natural(aggregate.crashed) ?? 0;
  const abnormal = natural(aggregate.abnormal) ?? 0;
  const started = exited + errored + crashed + abnormal;
  if (started === 0) return undefined;
  const at = readTimestamp(aggregate.started, receivedAt);
  return { ...attributes, at, did: readUserId(aggregate.did), started, exited, errored, crashed, abnormal };
}

/** Two counts of one release in one minute as one, of nobody. */
function sumOf(one: SessionCount, other: SessionCount | undefined): SessionCount {
  return {
    ...one,
    did: undefined,
    started: one.started + (other?.started ?? 0),
    exited: one.exited + (other?.exited ?? 0),
    errored: one.errored + (other?.errored ?? 0),
    crashed: one.crashed + (other?.crashed ?? 0),
    abnormal: one.abnormal + (other?.abnormal ?? 0),
  };
}

function readAttributes(value: unknown): Pick<SessionCount, 'release' | 'environment' | 'traits'> {
  const attributes = asObject(value);
  return {
    release: scalarText(attributes?.release, 250),
    traits: traitsOf(attributes),
    environment: scalarText(attributes?.environment, 64) ?? 'production',
  };
}

function traitsOf(attributes: Json | undefined): TraitPair[] | undefined {
  const agent = text(attributes?.user_agent, 512);
  return agent === undefined ? undefined : userAgentTraits(agent);
}

function readUserId(did: unknown): string | undefined {
  return scalarText(did, 256);
}
