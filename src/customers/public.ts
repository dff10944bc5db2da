import { Inject, Injectable } from '@nestjs/common';
import { type Bound, type Sql, type Tx } from '../platform/db/database.js';
import { recentMap } from '../platform/recent-map.js';
import { Projects } from '../projects/project.registry.js';
import {
  type Channel,
  CHANNEL_ADDRESS,
  CHANNELS,
  type Customer,
  type CustomerEntry,
  type Identity,
  type Person,
  type Recipient,
  type ConsentRecord,
  type ConsentSource,
  type RecordedWord,
} from './customer.js';
import { CustomerStore, keyOf, type Name, type Owner } from './directory/customer.store.js';
import { namesOfText } from './algorithm/cells.js';
import { blockedOf, IDENTITY_CONFIG, type IdentityConfig } from './identity-config.js';
import { namesOfEntry, normalName } from './identity.js';

/** Customers seen lately, so that those who are hit again and again are not asked for each time. */
const REMEMBERED = 200_000;

/** Customers by the name of their identities, as `look` found them. */
export type Known = ReadonlyMap<string, number>;

/** Customers as a process remembers them, one id a person, and after how many erasures they were so. */
export interface RecalledCustomers {
  readonly ids: readonly (number | undefined)[];
  readonly erasures: number;
}

/** Arguments of `put`: an entry, its owner, and who says so. */
export interface PutCustomer {
  readonly directoryId: number;
  readonly externalId: string;
  readonly entry: CustomerEntry;
  readonly source: ConsentSource;
}

/** The directory of customers: what other rooms may ask and say. */
@Injectable()
export class CustomerDirectory {
  private readonly known = recentMap<string, number>(REMEMBERED);
  /** People whom a weaker name led to somebody; not remembered, since the directory may learn their strongest name at any time. */
  private readonly borrowed = recentMap<string, true>(REMEMBERED);
  /** Erasures by any process, as last seen: when there were more, what is remembered may be of somebody erased. */
  private erasures = 0;
  private readonly blocked: ReadonlySet<string>;

  constructor(
    @Inject(CustomerStore) private readonly store: CustomerStore,
    @Inject(Projects) private readonly projects: Projects,
    @Inject(IDENTITY_CONFIG) config: IdentityConfig,
  ) {
    this.blocked = blockedOf(config);
  }

  /** Recalls these people; hand the result to `recognise` in the same transaction. */
  async look(tx: Tx, people: readonly Person[]): Promise<Known> {
    const placed = this.placed(people);
    const wanted = Array.isArray(placed) ? placed : await placed;
    const [erasures, known] = await Promise.all([this.store.erasures(tx), this.find(tx, wanted)]);
    if (erasures === this.erasures) return known;
    // Another process erased a customer whom this one may remember.
    this.known.clear();
    this.erasures = erasures;
    return this.find(tx, wanted);
  }

  /**
   * The customer behind each person, making those that nobody knew: strangers, with those of their names that nobody has.
   * Addresses are never learnt here, nor further names of somebody known: telemetry may be forged, the directory is not.
   * @returns one customer id a person, undefined for one without identities
   */
  async recognise(tx: Tx, people: readonly Person[], now: Date, known?: Known): Promise<(number | undefined)[]> {
    const wanted = await this.placed(people);
    const found = new Map(known ?? (await this.look(tx, people)));
    const strangers = wanted.filter(({ key }) => key !== '' && !found.has(key));
    if (strangers.length > 0) await this.introduce(tx, strangers, found, now);
    return wanted.map(({ key }) => found.get(key));
  }

  /** Of each person a name where nobody knows them, undefined where somebody does or they have no identities; `known` is what `look` said. */
  async strangersAmong(people: readonly Person[], known: Known): Promise<(string | undefined)[]> {
    return (await this.placed(people)).map(({ key }) => (key !== '' && !known.has(key) ? key : undefined));
  }

  /** Whether each person is somebody whom the directory lists, beside those whom telemetry alone named; `known` is what `look` said. */
  async areListed(sql: Sql, people: readonly Person[], known: Known): Promise<boolean[]> {
    const ids = (await this.placed(people)).map(({ key }) => known.get(key));
    const listed = await this.store.listed(sql, [...new Set(ids.filter((id) => id !== undefined))]);
    return ids.map((id) => id !== undefined && listed.has(id));
  }

  /** Those whom this process remembers, where it remembers all of them; whoever relies on it commits with `assertErasures`. */
  recall(people: readonly Person[]): RecalledCustomers | undefined {
    const ids: (number | undefined)[] = [];
    for (const person of people) {
      const identities = this.allowed(person.identities);
      if (identities.length === 0) {
        ids.push(undefined);
        continue;
      }
      const directory = this.projects.find(person.projectId)?.directory;
      const id = directory && this.known.get(nameOf(directory.id, identities));
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return { ids, erasures: this.erasures };
  }

  /** Makes sure that nobody was erased since these were remembered; fails with SQLSTATE FW001 when somebody was. */
  assertErasures({ erasures }: RecalledCustomers): Bound {
    return this.store.assertErasures(erasures);
  }

  /** Keeps what a committed transaction recognised; call it after the commit, so that a roll-back leaves nothing behind. */
  remember(people: readonly Person[], ids: readonly (number | undefined)[]): void {
    for (const [at, { projectId, identities }] of people.entries()) {
      const id = ids[at];
      const directory = this.projects.find(projectId)?.directory;
      if (id === undefined || !directory) continue;
      const key = nameOf(directory.id, this.allowed(identities));
      if (!this.borrowed.has(key)) this.known.set(key, id);
    }
  }

  /** Forgets all that is remembered, for when a customer was erased meanwhile. */
  forget(): void {
    this.known.clear();
  }

  /** People in the directories of their projects. Waits for nothing where the projects are known, so that what is asked next travels at once. */
  private placed(people: readonly Person[]): Placed[] | Promise<Placed[]> {
    if (people.every((one) => this.projects.find(one.projectId))) return people.map((one) => this.place(one));
    return this.projects.load().then(() => people.map((one) => this.place(one)));
  }

  /** The identities that the configuration does not call nobody's. */
  private allowed(identities: readonly Identity[]): readonly Identity[] {
    if (this.blocked.size === 0) return identities;
    return identities.filter(({ value }) => !this.blocked.has(value.toLowerCase()));
  }

  private place({ projectId, identities: all }: Person): Placed {
    const directory = this.projects.find(projectId)?.directory;
    if (!directory) throw new Error(`there is no project ${projectId}`);
    const identities = this.allowed(all);
    return { key: nameOf(directory.id, identities), directoryId: directory.id, identities };
  }

  /** Customers by the key of a person: remembered ones, and those that the directory finds. */
  private async find(sql: Sql, wanted: readonly Placed[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    const asked = new Map<string, readonly Name[]>();
    for (const one of wanted) {
      const id = this.known.get(one.key);
      if (id !== undefined) found.set(one.key, id);
      else if (one.key !== '') asked.set(one.key, namesOf(one));
    }
    const single = new Map([...asked.values()].flat().map((one) => [keyOf(one), one]));
    const owners = await this.store.findIdentities(sql, [...single.values()]);
    for (const [key, names] of asked) {
      const owner = ownerOf(names, owners);
      if (owner !== undefined) found.set(key, owner);
      if (owner !== undefined && names[0] && !owners.has(keyOf(names[0]))) this.borrowed.set(key, true);
    }
    return found;
  }

  private async introduce(tx: Tx, strangers: readonly Placed[], found: Map<string, number>, now: Date): Promise<void> {
    const made = new Map<string, readonly Name[]>();
    for (const one of strangers) {
      const names = namesOf(one);
      if (!made.has(strongestOf(names))) made.set(strongestOf(names), names);
    }
    const { ids, named } = await this.store.insertSeen(tx, [...made.values()], now);
    const owners = new Map([...made.keys()].map((key, at) => [key, ids[at]]));
    if (named !== [...made.values()].flat().length) {
      await this.store.deleteUnused(tx, ids);
      const strongest = [...made.values()].flatMap(([name]) => name ?? []);
      for (const [key, { customerId }] of await this.store.findIdentities(tx, strongest)) owners.set(key, customerId);
    }
    for (const one of strangers) {
      const id = owners.get(strongestOf(namesOf(one)));
      if (id !== undefined) found.set(one.key, id);
    }
  }

  /**
   * Creates or changes the entry with this external id. Other names that it gives are taken from whoever had them; strangers without an
   * id are folded in. Nothing is ever written into the entry of another id.
   */
  async put(tx: Tx, { directoryId, externalId, entry, source }: PutCustomer, now: Date): Promise<number> {
    const own: Name = { directoryId, kind: 'id', value: externalId };
    const found = (await this.store.findIdentities(tx, [own])).get(keyOf(own));
    const id = found?.customerId ?? (await this.store.insert(tx, directoryId, now));
    let changed = found?.source === 'telemetry' ? await this.store.dropLearntNames(tx, [id]) : 0;
    await this.store.update(tx, id, entry, now);
    const names = namesOfEntry(entry).map((one) => ({ ...one, directoryId }));
    const moved = await this.store.moveIdentities(tx, id, [own, ...names]);
    changed += moved.length;
    await this.store.mergeTelemetry(tx, moved);
    for (const channel of CHANNELS) {
      const { field, identity } = CHANNEL_ADDRESS[channel];
      const address = entry[field];
      if (address === undefined) continue;
      await this.store.setAddress(tx, id, channel, address, now);
      changed += await this.store.dropOtherIdentities(tx, id, identity, address);
    }
    for (const { at, ...word } of entry.consent ?? []) {
      await this.store.recordConsent(tx, { ...word, customerId: id, source, ...(at && { givenAt: at }) }, now);
    }
    if (changed > 0) await this.store.countErasure(tx);
    return id;
  }

  /** Whoever has the first name of each person that somebody has, undefined where nobody knows any of them; makes none. */
  async findKnown(sql: Sql, people: readonly Person[]): Promise<(number | undefined)[]> {
    const wanted = await this.placed(people);
    const owners = await this.store.findIdentities(sql, wanted.flatMap(namesOf));
    return wanted.map(
      (person) =>
        namesOf(person)
          .map((one) => owners.get(keyOf(one)))
          .find(Boolean)?.personId,
    );
  }

  /**
   * The id of the customer with this external id, undefined when there is none.
   * @param directory name of a directory; without it, that of the first project in the configuration
   * @throws Problem 400 for a directory that does not exist
   */
  async findByExternalId(sql: Sql, externalId: string, directory?: string): Promise<number | undefined> {
    const own: Name = { directoryId: this.projects.directory(directory).id, kind: 'id', value: normalName(externalId) };
    return (await this.store.findIdentities(sql, [own])).get(keyOf(own))?.customerId;
  }

  /** One customer as the API shows it. */
  async show(sql: Sql, id: number): Promise<Customer | undefined> {
    return (await this.store.show(sql, [id]))[0];
  }

  /**
   * Customers with this id, e-mail address, phone number, user name or device, then those whose name, or its last word, begins so, then those of
   * this account.
   * @param directory name of a directory; without it, all are searched
   * @throws Problem 400 for a directory that does not exist
   */
  async search(sql: Sql, text: string, directory: string | undefined, limit: number): Promise<Customer[]> {
    const directoryId = directory === undefined ? null : this.projects.directory(directory).id;
    const ids = await this.store.search(sql, { directoryId, names: namesOfText(text), beginning: text.trim(), limit });
    return this.store.show(sql, ids);
  }

  /** The external id of each of these customers that has one. */
  async externalIds(sql: Sql, ids: readonly number[]): Promise<Map<number, string>> {
    return this.store.externalIds(sql, ids);
  }

  /** Outreach's view of these customers, as it stands now. */
  async recipients(sql: Sql, ids: readonly number[]): Promise<Recipient[]> {
    return this.store.recipients(sql, ids);
  }

  /** Of these customers, those from whom a name was unlinked since a moment. */
  async unlinkedSince(sql: Sql, ids: readonly number[], since: Date): Promise<Set<number>> {
    return this.store.unlinkedSince(sql, ids, since);
  }

  /** The contacts of the accounts of these customers of one directory, by account, the one who was entered first at the front. */
  async accountContacts(sql: Sql, ids: readonly number[]): Promise<Map<string, number[]>> {
    return this.store.accountContacts(sql, ids);
  }

  /** The account of each of these customers that has one. */
  async accounts(sql: Sql, ids: readonly number[]): Promise<Map<number, string>> {
    return this.store.accounts(sql, ids);
  }

  /** Reads the attributes of these customers; those who are gone are missing. */
  async attributes(sql: Sql, ids: readonly number[]): Promise<Map<number, Readonly<Record<string, unknown>>>> {
    return this.store.attributes(sql, ids);
  }

  /** Records that a customer wants (true) or no longer wants (false) messages on a channel. */
  async recordConsent(tx: Tx, record: ConsentRecord, now: Date): Promise<void> {
    await this.store.recordConsent(tx, record, now);
  }

  /** Notes until when a customer wants no messages; null ends the pause. */
  async pause(sql: Sql, id: number, until: Date | null): Promise<void> {
    await this.store.pause(sql, id, until);
  }

  /** Every word of a customer on what they want to get, oldest first. */
  async consentLedger(sql: Sql, id: number): Promise<RecordedWord[]> {
    return this.store.consentLedger(sql, id);
  }

  /** Marks the customer's address on a channel as refused for good. */
  async suppress(tx: Tx, id: number, channel: Channel, reason: string, now: Date): Promise<void> {
    await this.store.suppress(tx, id, channel, reason, now);
  }

  /** Tells every process that a name is somebody else's from now on. */
  async nameMoved(tx: Tx): Promise<void> {
    await this.store.countErasure(tx);
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

/** A person in a directory; `key` is one text for all names, empty where there are none. */
interface Placed {
  readonly key: string;
  readonly directoryId: number;
  readonly identities: readonly Identity[];
}

/** Names of a person; made only where somebody must be looked up, since most are remembered. */
function namesOf({ directoryId, identities }: Placed): Name[] {
  return identities.map((one) => ({ ...one, directoryId }));
}

function strongestOf([strongest]: readonly Name[]): string {
  return strongest ? keyOf(strongest) : '';
}

/** One text for names in a directory, different for different names whatever characters are in them; empty for none. */
function nameOf(directoryId: number, identities: readonly Identity[]): string {
  if (identities.length === 0) return '';
  let name = String(directoryId);
  for (const { kind, value } of identities) name += ` ${kind}:${value.length}:${value}`;
  return name;
}

/**
 * Whoever has the strongest name. Weaker names lead to entries of the directory only: strangers are never taken for each other, since
 * what says so is an event, which anybody can send.
 */
function ownerOf([strongest, ...weaker]: readonly Name[], owners: ReadonlyMap<string, Owner>): number | undefined {
  const own = strongest && owners.get(keyOf(strongest));
  const entry = () => weaker.map((one) => owners.get(keyOf(one))).find((owner) => owner?.source === 'directory');
  return (own ?? entry())?.customerId;
}
