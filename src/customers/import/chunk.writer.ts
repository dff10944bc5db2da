import { Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/db/database.js';
import { type ImportRow } from '../algorithm/import-row.js';
import { CHANNEL_ADDRESS, CHANNELS, type CustomerEntry } from '../customer.js';
import { CustomerStore } from '../directory/customer.store.js';
import { namesOfEntry } from '../identity.js';
import {
  type Fields,
  type Found,
  GIVEN,
  type GivenAddress,
  type GivenName,
  type GivenWord,
  ImportStore,
} from './import.store.js';

/** A line and the customer whom it is about. */
interface Placed {
  readonly customerId: number;
  readonly entry: CustomerEntry;
}

/** Result of one chunk. */
export interface ChunkResult {
  readonly created: number;
  readonly optOutsKept: number;
}

/** Writes many customers at once, to the same end as putting them one by one. */
@Injectable()
export class ChunkWriter {
  constructor(
    private readonly store: ImportStore,
    private readonly customers: CustomerStore,
  ) {}

  /** @param rows of different ids */
  async write(tx: Tx, directoryId: number, rows: readonly ImportRow[], now: Date): Promise<ChunkResult> {
    await this.store.prepare(tx);
    const ids = rows.map((one) => one.externalId);
    const known = await this.store.find(tx, directoryId, ids);
    const lines = new Map(rows.map((one) => [one.externalId, fieldsOf(one)]));
    for (const { externalId } of known) lines.delete(externalId);
    const created = lines.size > 0 ? await this.store.create(tx, directoryId, [...lines.values()], now) : [];
    for (const { externalId } of created) lines.delete(externalId);
    // Made by somebody else since we looked.
    const late = lines.size > 0 ? await this.store.find(tx, directoryId, [...lines.keys()]) : [];

    const before = [...known, ...late];
    let changed = await this.takeOver(tx, rows, before, now);
    const customerIds = new Map([...before, ...created].map((one) => [one.externalId, one.customerId]));
    const placed = rows.flatMap(({ externalId, entry }) => {
      const customerId = customerIds.get(externalId);
      return customerId === undefined ? [] : [{ customerId, entry }];
    });
    const names = namesOf(placed);
    const made = new Set(created.map((one) => one.customerId));
    const isNew = ({ customerId }: { readonly customerId: number }) => made.has(customerId);
    const isOld = (one: { readonly customerId: number }) => !isNew(one);
    changed += await this.furnish(tx, directoryId, names.filter(isNew), placed.filter(isNew), now);
    changed += await this.name(tx, directoryId, names.filter(isOld));
    changed += await this.address(tx, placed.filter(isOld), now);
    if (changed > 0) await this.customers.countErasure(tx);
    const words = placed.filter(isOld).flatMap(wordsOf);
    const optOutsKept = words.length > 0 ? await this.store.consent(tx, words, now) : 0;
    return { created: created.length, optOutsKept };
  }

  /** Writes what lines say of customers who are there; strangers become entries, without the names that only events gave. */
  private async takeOver(tx: Tx, rows: readonly ImportRow[], before: readonly Found[], now: Date): Promise<number> {
    if (before.length === 0) return 0;
    const entries = new Map(rows.map((one) => [one.externalId, one]));
    const lines = before.flatMap(({ externalId, customerId }) => {
      const row = entries.get(externalId);
      return row ? [{ ...fieldsOf(row), customerId }] : [];
    });
    const strangers = before.filter((one) => one.source === 'telemetry').map((one) => one.customerId);
    const dropped = strangers.length > 0 ? await this.customers.dropLearntNames(tx, strangers) : 0;
    await this.store.update(tx, lines, now);
    return dropped;
  }

  /** Gives customers who were just made their names, addresses and words; returns how many names went over from somebody else. */
  private async furnish(
    tx: Tx,
    directoryId: number,
    names: readonly GivenName[],
    placed: readonly Placed[],
    now: Date,
  ): Promise<number> {
    if (placed.length === 0) return 0;
    const given = { names, addresses: placed.flatMap(addressesOf), words: placed.flatMap(wordsOf) };
    const named = await this.store.furnish(tx, directoryId, given, now);
    return named < names.length ? this.name(tx, directoryId, names) : 0;
  }

  /** Gives the names; returns how many went over from somebody else. */
  private async name(tx: Tx, directoryId: number, names: readonly GivenName[]): Promise<number> {
    if (names.length === 0) return 0;
    const moved = await this.store.name(tx, directoryId, names);
    await this.customers.mergeTelemetry(tx, moved);
    return moved.length;
  }

  /** Gives customers who were there before their addresses; returns how many names that were other addresses went. */
  private async address(tx: Tx, placed: readonly Placed[], now: Date): Promise<number> {
    const given = placed.flatMap(addressesOf);
    if (given.length === 0) return 0;
    await this.store.address(tx, given, now);
    return this.store.dropOthers(tx, given);
  }
}

/** The names of all; of two lines with the same name the later gets it, as if they were put one by one. */
function namesOf(placed: readonly Placed[]): GivenName[] {
  const names = new Map<string, GivenName>();
  for (const { customerId, entry } of placed)
    for (const one of namesOfEntry(entry)) names.set(`${one.kind}:${one.value}`, { ...one, customerId });
  return [...names.values()];
}

function fieldsOf({ externalId, entry }: ImportRow): Fields {
  const { name, locale, timeZone, attributes, account, accountContact } = entry;
  const given =
    (name === undefined ? 0 : GIVEN.name) |
    (locale === undefined ? 0 : GIVEN.locale) |
    (timeZone === undefined ? 0 : GIVEN.timeZone) |
    (attributes === undefined ? 0 : GIVEN.attributes) |
    (account === undefined ? 0 : GIVEN.account) |
    (accountContact === undefined ? 0 : GIVEN.accountContact);
  return {
    externalId,
    given,
    name: name ?? null,
    locale: locale ?? null,
    timeZone: timeZone ?? null,
    account: account ?? null,
    accountContact: accountContact === true,
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
  };
}

function addressesOf({ customerId, entry }: Placed): GivenAddress[] {
  return CHANNELS.flatMap((channel): GivenAddress[] => {
    const address = entry[CHANNEL_ADDRESS[channel].field];
    return address === undefined ? [] : [{ customerId, channel, address }];
  });
}

function wordsOf({ customerId, entry }: Placed): GivenWord[] {
  return (entry.consent ?? []).map(({ at, ...word }) => ({ customerId, ...word, givenAt: at?.getTime() }));
}
