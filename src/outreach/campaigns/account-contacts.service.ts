import { Inject, Injectable } from '@nestjs/common';
import { Audiences } from '../../audience/public.js';
import { type Channel } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Explanations } from '../../explanations/public.js';
import { type Incident } from '../../incidents/incident.js';
import { type Tx } from '../../platform/db/database.js';
import { chooseChannel } from '../algorithm/decide.js';
import { AccountStore } from '../messages/account.store.js';
import { ApprovedTexts } from '../messages/approved-texts.service.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { CHANNELS_AVAILABLE, type Policy } from '../policy.js';

/** An account, and who of it is told in place of its customers; null where it has no contact who can be reached. */
interface Spoken {
  readonly account: string;
  readonly contactId: number | null;
}

/** How the customers of a wave are told who belong to an account. */
export class AccountContactsOfWave {
  constructor(
    private readonly ofCustomer: ReadonlyMap<number, Spoken>,
    /** Contacts who are told now and are not of the wave themselves. */
    readonly outsiders: readonly number[],
  ) {}

  /** The account of a customer or a contact, and who is told for it; undefined where each is told for themselves. */
  of(customerId: number): Spoken | undefined {
    return this.ofCustomer.get(customerId);
  }

  /** True for a customer whose account's contact is told in their place. */
  isToldByContact(customerId: number): boolean {
    const contactId = this.of(customerId)?.contactId ?? null;
    return contactId !== null && contactId !== customerId;
  }

  /** How many are written to, of so many customers of the wave. */
  countTold(customerIds: readonly number[]): number {
    return customerIds.filter((id) => !this.isToldByContact(id)).length + this.outsiders.length;
  }

  /** Facts for the timeline; undefined where no customer belongs to an account. */
  facts(customerIds: readonly number[]) {
    const spoken = customerIds.flatMap((id) => this.of(id) ?? []);
    if (spoken.length === 0) return undefined;
    const accounts = (some: readonly Spoken[]) => new Set(some.map(({ account }) => account)).size;
    return {
      accounts: accounts(spoken),
      customers: customerIds.filter((id) => this.isToldByContact(id)).length,
      withoutContact: accounts(spoken.filter(({ contactId }) => contactId === null)),
    };
  }
}

const NONE = new AccountContactsOfWave(new Map(), []);

/**
 * Finds for policies with `accounts: contact` who of each account is told: whoever was told for it before, else the first contact whom a channel
 * reaches and chance does not hold out.
 */
@Injectable()
export class AccountContacts {
  constructor(
    @Inject(CHANNELS_AVAILABLE) private readonly available: readonly Channel[],
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly directory: CustomerDirectory,
    private readonly explanations: Explanations,
    private readonly approved: ApprovedTexts,
    private readonly audiences: Audiences,
    private readonly store: AccountStore,
  ) {}

  /** Finds who is told for the accounts of these customers, who have no message of the incident yet. */
  async choose(
    tx: Tx,
    incident: Incident,
    policy: Policy,
    customerIds: readonly number[],
  ): Promise<AccountContactsOfWave> {
    if (policy.accounts === 'each') return NONE;
    const accounts = await this.directory.accounts(tx, customerIds);
    if (accounts.size === 0) return NONE;
    const contacts = await this.directory.accountContacts(tx, [...accounts.keys()]);
    const contactIds = [...contacts.values()].flat();
    const family = [incident.id, ...incident.mergedIds];
    const told = await this.store.told(tx, family, [...new Set(accounts.values())], contactIds);
    const mayBeTold = await this.reachable(tx, incident, policy, contactIds);
    const chosen = new Map<string, number | null>();
    const toldForThemselves = new Map<string, number>();
    for (const account of new Set(accounts.values())) {
      const own = contacts.get(account) ?? [];
      const before = told.byAccount.get(account);
      const hasNotice = own.find((id) => told.stands.get(id) === true);
      const next = own.find((id) => !told.stands.has(id) && mayBeTold.has(id));
      if (before === undefined && hasNotice !== undefined) toldForThemselves.set(account, hasNotice);
      chosen.set(account, before ?? hasNotice ?? next ?? null);
    }
    await this.store.standFor(tx, family, toldForThemselves);
    const spoken = (account: string): Spoken => ({ account, contactId: chosen.get(account) ?? null });
    const ofCustomer = new Map([...accounts].map(([id, account]) => [id, spoken(account)]));
    const outsiders = [...chosen].flatMap(([account, id]) =>
      id !== null && !ofCustomer.has(id) && !told.byAccount.has(account) && !told.stands.has(id)
        ? [{ account, id }]
        : [],
    );
    for (const { account, id } of outsiders) ofCustomer.set(id, spoken(account));
    return new AccountContactsOfWave(
      ofCustomer,
      outsiders.map(({ id }) => id),
    );
  }

  /** The contacts of the accounts of these customers. */
  async contactsOf(tx: Tx, policy: Policy, customerIds: readonly number[]): Promise<number[]> {
    if (policy.accounts === 'each') return [];
    return [...(await this.directory.accountContacts(tx, customerIds)).values()].flat();
  }

  /** Customers whose account's contact could not be told after all are looked at anew; returns how many. */
  async release(tx: Tx, { id, mergedIds }: Incident, policies: readonly Policy[]): Promise<number> {
    if (policies.every(({ accounts }) => accounts === 'each')) return 0;
    const released = await this.store.release(tx, id, [id, ...mergedIds]);
    await this.audiences.arriveAgain(tx, id, released);
    return released.length;
  }

  /** Of these contacts, those with a channel of the policy whom chance does not hold out. */
  private async reachable(
    tx: Tx,
    incident: Incident,
    policy: Policy,
    contactIds: readonly number[],
  ): Promise<ReadonlySet<number>> {
    const held = await this.audiences.drawHoldOut(tx, incident, contactIds, 0);
    const channels = policy.channels.filter((one) => this.available.includes(one));
    const recipients = await this.directory.recipients(tx, contactIds);
    const reached = recipients.filter((one) => {
      const about = { section: 'account', locale: this.explanations.localeFor(one.locale), incident } as const;
      const carries = (channel: Channel) => this.approved.carries(channel, about);
      const rules = { countries: this.config.countries, purpose: policy.class, carries };
      return !held.has(one.customerId) && !('suppressed' in chooseChannel(one, channels, rules));
    });
    return new Set(reached.map(({ customerId }) => customerId));
  }
}
