import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Bound, type Sql, type Tx } from '../platform/db/database.js';
import { rowAt } from '../platform/db/sql.js';
import { normalEmail } from './algorithm/entry.js';
import {
  type Channel,
  CHANNELS,
  type Customer,
  type CustomerEntry,
  type Identity,
  type Recipient,
} from './customer.js';
import { CustomerStore } from './directory/customer.store.js';

/** Customers seen lately, so that those who are hit again and again are not asked for each time. */
const REMEMBERED = 200_000;

/** Customers by the name of their identities, as `look` found them. */
export type Known = ReadonlyMap<string, number>;

/** Customers as a process remembers them, one id a list of identities, and after how many erasures they were so. */
export interface RecalledCustomers {
  readonly ids: readonly (number | undefined)[];
  readonly erasures: number;
}

/** The directory of customers: what other rooms may ask and say. */
@Injectable()
export class CustomerDirectory {
  private readonly known = new LRUCache<string, number>({ max: REMEMBERED });
  /** Erasures by any process, as last seen: when there were more, what is remembered may be of somebody erased. */
  private erasures = 0;

  constructor(@Inject(CustomerStore) private readonly store: CustomerStore) {}

  /** What is known of these identities; hand it to `recognise` in the same transaction. */
  async look(tx: Tx, wanted: readonly (readonly Identity[])[]): Promise<Known> {
    const [erasures, known] = await Promise.all([this.store.erasures(tx), this.find(tx, wanted)]);
    if (erasures === this.erasures) return known;
    // Another process erased a customer whom this one may remember.
    this.known.clear();
    this.erasures = erasures;
    return this.find(tx, wanted);
  }

  /**
   * The customer behind each list of identities (strongest first), making those that nobody knew.
   * Addresses are never learnt here: telemetry may be forged, the directory is not.
   * @returns one customer id a list, undefined for an empty list
   */
  async recognise(
    tx: Tx,
    wanted: readonly (readonly Identity[])[],
    now: Date,
    known?: Known,
  ): Promise<(number | undefined)[]> {
    const found = new Map(known ?? (await this.look(tx, wanted)));
    const strangers = new Map<string, readonly Identity[]>();
    for (const identities of wanted) {
      const key = nameOf(identities);
      if (key !== '' && !found.has(key)) strangers.set(key, identities);
    }
    if (strangers.size > 0) await this.introduce(tx, strangers, found, now);
    return wanted.map((identities) => found.get(nameOf(identities)));
  }

  /** Those whom this process remembers, where it remembers all of them; whoever relies on it commits with `assertErasures`. */
  recall(wanted: readonly (readonly Identity[])[]): RecalledCustomers | undefined {
    const ids: (number | undefined)[] = [];
    for (const identities of wanted) {
      const key = nameOf(identities);
      const id = key === '' ? undefined : this.known.get(key);
      if (key !== '' && id === undefined) return undefined;
      ids.push(id);
    }
    return { ids, erasures: this.erasures };
  }

  /** Makes sure that nobody was erased since these were remembered; fails with SQLSTATE FW001 when somebody was. */
  assertErasures({ erasures }: RecalledCustomers): Bound {
    return this.store.assertErasures(erasures);
  }

  /** Keeps what a committed transaction recognised; call it after the commit, so that a roll-back leaves nothing behind. */
  remember(wanted: readonly (readonly Identity[])[], ids: readonly (number | undefined)[]): void {
    for (const [at, identities] of wanted.entries()) {
      const id = ids[at];
      if (id !== undefined) this.known.set(nameOf(identities), id);
    }
  }

  /** Forgets all that is remembered, for when a customer was erased meanwhile. */
  forget(): void {
    this.known.clear();
  }

  /** Customers by the name of their identities: remembered ones, and those that the directory finds by any of them. */
  private async find(sql: Sql, wanted: readonly (readonly Identity[])[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    const asked = new Map<string, readonly Identity[]>();
    for (const identities of wanted) {
      const key = nameOf(identities);
      const id = key === '' ? undefined : this.known.get(key);
      if (id !== undefined) found.set(key, id);
      else if (key !== '') asked.set(key, identities);
    }
    const single = new Map([...asked.values()].flat().map((one) => [keyOf(one), one]));
    const owners = await this.store.findIdentities(sql, [...single.values()]);
    for (const [key, identities] of asked) {
      const owner = ownerOf(identities, owners);
      if (owner !== undefined) found.set(key, owner);
    }
    return found;
  }

  private async introduce(
    tx: Tx,
    strangers: ReadonlyMap<string, readonly Identity[]>,
    found: Map<string, number>,
    now: Date,
  ): Promise<void> {
    const identities = [...strangers.values()];
    const { ids, named } = await this.store.insertSeen(tx, identities, now);
    if (named === identities.flat().length) {
      for (const [at, key] of [...strangers.keys()].entries()) found.set(key, rowAt(ids, at, 'the customers made'));
      return;
    }
    await this.store.deleteUnused(tx, ids);
    const owners = await this.store.findIdentities(tx, identities.flat());
    for (const [key, one] of strangers) {
      const owner = ownerOf(one, owners);
      if (owner !== undefined) found.set(key, owner);
    }
  }

  /** Creates or changes the entry with this external id; identities that telemetry had given to strangers are folded in. */
  async put(tx: Tx, externalId: string, entry: CustomerEntry, source: string, now: Date): Promise<number> {
    const own: Identity = { kind: 'id', value: externalId };
    const found = (await this.store.findIdentities(tx, [own])).get(keyOf(own));
    const id = found ?? (await this.store.insert(tx, now));
    await this.store.update(tx, id, entry, now);
    const strangers = await this.store.moveIdentities(tx, id, [own, ...identitiesOf(entry)]);
    await this.store.mergeTelemetry(tx, strangers, id);
    for (const [channel, address] of [
      ['email', entry.email],
      ['sms', entry.phone],
    ] as const) {
      if (address === undefined) continue;
      await this.store.setAddress(tx, id, channel, address, now);
      await this.store.dropOtherIdentities(tx, id, channel === 'email' ? 'email' : 'phone', address);
    }
    for (const channel of CHANNELS) {
      const granted = entry.consent?.[channel];
      if (granted !== undefined) await this.store.recordConsent(tx, id, channel, granted, source, now);
    }
    return id;
  }

  /** The customer behind each list of identities (strongest first), undefined where nobody knows any of them; makes none. */
  async findKnown(sql: Sql, wanted: readonly (readonly Identity[])[]): Promise<(number | undefined)[]> {
    const owners = await this.store.findIdentities(sql, wanted.flat());
    return wanted.map((identities) => ownerOf(identities, owners));
  }

  /** The id of the customer with this external id, undefined when there is none. */
  async findByExternalId(sql: Sql, externalId: string): Promise<number | undefined> {
    const own: Identity = { kind: 'id', value: externalId };
    return (await this.store.findIdentities(sql, [own])).get(keyOf(own));
  }

  /** One customer as the API shows it. */
  async show(sql: Sql, id: number): Promise<Customer | undefined> {
    return this.store.show(sql, id);
  }

  /** The external id of each of these customers that has one. */
  async externalIds(sql: Sql, ids: readonly number[]): Promise<Map<number, string>> {
    return this.store.externalIds(sql, ids);
  }

  /** Outreach's view of these customers, as it stands now. */
  async recipients(sql: Sql, ids: readonly number[]): Promise<Recipient[]> {
    return this.store.recipients(sql, ids);
  }

  /** Records that a customer wants (true) or no longer wants (false) messages on a channel. */
  async recordConsent(
    tx: Tx,
    id: number,
    channel: Channel,
    granted: boolean,
    source: string,
    now: Date,
  ): Promise<void> {
    await this.store.recordConsent(tx, id, channel, granted, source, now);
  }

  /** Marks the customer's address on a channel as refused for good. */
  async suppress(tx: Tx, id: number, channel: Channel, reason: string, now: Date): Promise<void> {
    await this.store.suppress(tx, id, channel, reason, now);
  }

  /** Erases a customer. What other rooms keep under the ids that are gone is theirs to remove. */
  async erase(tx: Tx, id: number): Promise<void> {
    await this.store.erase(tx, id);
    this.forget();
  }

  /** Customers who were erased and whose traces elsewhere are not yet removed. */
  async takeErased(tx: Tx, limit: number): Promise<number[]> {
    return this.store.takeErased(tx, limit);
  }
}

/** One text for a list of identities; empty for an empty one. */
function nameOf(identities: readonly Identity[]): string {
  return identities.length === 1 ? keyOf(identities[0]!) : identities.map(keyOf).join('\n');
}

function ownerOf(identities: readonly Identity[], owners: ReadonlyMap<string, number>): number | undefined {
  return identities.map((one) => owners.get(keyOf(one))).find((id) => id !== undefined);
}

function keyOf(identity: Identity): string {
  return `${identity.kind}:${identity.value}`;
}

function identitiesOf(entry: CustomerEntry): Identity[] {
  return [
    ...(entry.email ? [{ kind: 'email' as const, value: normalEmail(entry.email) }] : []),
    ...(entry.phone ? [{ kind: 'phone' as const, value: entry.phone }] : []),
    ...(entry.usernames ?? []).map((value) => ({ kind: 'username' as const, value })),
    ...(entry.devices ?? []).map((value) => ({ kind: 'device' as const, value })),
  ];
}
