import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Sql, type Tx } from '../platform/db/database.js';
import { normalEmail } from './algorithm/entry.js';
import {
  type Channel,
  CHANNELS,
  type Customer,
  type CustomerEntry,
  type Identity,
  type Recipient,
} from './customer.js';
import { CustomerStore } from './customer.store.js';

/** Customers seen lately, so that a storm does not ask for the same ones again; about 100 bytes each. */
const REMEMBERED = 200_000;
/** How long another process may still count an erased customer's hits, which nobody will see. */
const REMEMBER_MS = 300_000;

/** The directory of customers: what other folders may ask and say. */
@Injectable()
export class CustomerDirectory {
  private readonly known = new LRUCache<string, number>({ max: REMEMBERED, ttl: REMEMBER_MS });
  private erasures = 0;

  constructor(@Inject(CustomerStore) private readonly store: CustomerStore) {}

  /**
   * The customer behind each list of identities (strongest first), making those that nobody knew.
   * Addresses are never learnt here: telemetry may be forged, the directory is not.
   * @returns one customer id a list, undefined for an empty list
   */
  async recognise(tx: Tx, wanted: readonly (readonly Identity[])[], now: Date): Promise<(number | undefined)[]> {
    await this.forgetErased(tx);
    const keys = wanted.map((identities) => identities.map(keyOf).join('\n'));
    const found = new Map<string, number>();
    const missing = new Map<string, readonly Identity[]>();
    for (const [at, key] of keys.entries()) {
      const id = key === '' ? undefined : this.known.get(key);
      if (id !== undefined) found.set(key, id);
      else if (key !== '') missing.set(key, wanted[at] ?? []);
    }
    for (const [key, id] of await this.lookUp(tx, missing, now)) found.set(key, id);
    return keys.map((key) => found.get(key));
  }

  /** Keeps what a committed transaction recognised; call it after the commit, so that a roll-back leaves nothing behind. */
  remember(wanted: readonly (readonly Identity[])[], ids: readonly (number | undefined)[]): void {
    for (const [at, identities] of wanted.entries()) {
      const id = ids[at];
      if (id !== undefined) this.known.set(identities.map(keyOf).join('\n'), id);
    }
  }

  /** Another process may have erased a customer whom this one remembers. */
  private async forgetErased(sql: Sql): Promise<void> {
    const erasures = await this.store.erasures(sql);
    if (erasures !== this.erasures) this.known.clear();
    this.erasures = erasures;
  }

  /** Forgets all that is remembered, for when a customer was erased meanwhile. */
  forget(): void {
    this.known.clear();
  }

  private async lookUp(
    tx: Tx,
    missing: ReadonlyMap<string, readonly Identity[]>,
    now: Date,
  ): Promise<Map<string, number>> {
    const result = new Map<string, number>();
    if (missing.size === 0) return result;
    const owners = await this.store.findIdentities(tx, [
      ...new Map([...missing.values()].flat().map((one) => [keyOf(one), one])).values(),
    ]);
    const strangers: [string, readonly Identity[]][] = [];
    for (const [key, identities] of missing) {
      const owner = identities.map((one) => owners.get(keyOf(one))).find((id) => id !== undefined);
      if (owner === undefined) strangers.push([key, identities]);
      else result.set(key, owner);
    }
    if (strangers.length > 0) await this.introduce(tx, strangers, result, now);
    return result;
  }

  private async introduce(
    tx: Tx,
    strangers: readonly [string, readonly Identity[]][],
    result: Map<string, number>,
    now: Date,
  ): Promise<void> {
    const ids = await this.store.insertSeen(tx, strangers.length, now);
    const rows = strangers.flatMap(([, identities], at) =>
      identities.map((one) => ({ ...one, customerId: ids[at] ?? 0 })),
    );
    const added = await this.store.insertIdentities(tx, rows);
    if (added.size === rows.length) {
      for (const [at, [key]] of strangers.entries()) result.set(key, ids[at] ?? 0);
      return;
    }
    await this.store.deleteUnused(tx, ids);
    const owners = await this.store.findIdentities(tx, rows);
    for (const [key, identities] of strangers) {
      const owner = identities.map((one) => owners.get(keyOf(one))).find((id) => id !== undefined);
      if (owner !== undefined) result.set(key, owner);
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

  /** The customer behind each identity, undefined where nobody knows it; makes none. */
  async findKnown(sql: Sql, identities: readonly Identity[]): Promise<(number | undefined)[]> {
    const owners = await this.store.findIdentities(sql, identities);
    return identities.map((identity) => owners.get(keyOf(identity)));
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

  /** Erases a customer. What other folders keep under the ids that are gone is theirs to remove. */
  async erase(tx: Tx, id: number): Promise<void> {
    await this.store.erase(tx, id);
    this.forget();
  }

  /** Customers who were erased and whose traces elsewhere are not yet removed. */
  async takeErased(tx: Tx, limit: number): Promise<number[]> {
    return this.store.takeErased(tx, limit);
  }
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
