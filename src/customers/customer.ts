/** The ways on which a customer can be written to. */
export const CHANNELS = ['sms', 'email'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Kinds of identity; `id` is the app's own id of the customer (the external id). */
export type IdentityKind = 'id' | 'email' | 'phone' | 'username' | 'device';

/** For each channel, the field of a directory entry that holds its address, and the kind of identity that such an address is as well. */
export const CHANNEL_ADDRESS = {
  sms: { field: 'phone', identity: 'phone' },
  email: { field: 'email', identity: 'email' },
} as const satisfies Readonly<Record<Channel, { field: 'email' | 'phone'; identity: IdentityKind }>>;

/** One name under which a customer turns up in telemetry, in a support channel or in the directory. */
export interface Identity {
  readonly kind: IdentityKind;
  readonly value: string;
}

/** Somebody as an app names them; names mean something in the directory of its project only. */
export interface Person {
  readonly projectId: number;
  /** Strongest first; the first that somebody has decides. */
  readonly identities: readonly Identity[];
}

/**
 * Kinds of messages that a customer can allow or refuse apart from each other: about the service they use, to sell something, and what the
 * law obliges one to tell.
 */
export const PURPOSES = ['service', 'marketing', 'legal'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Ways in which we learn of a customer's word. `api` and `import` hand it on; the others are the customer's own act, which outranks those. */
export const CONSENT_SOURCES = ['api', 'import', 'unsubscribe_link', 'reply', 'provider'] as const;
export type ConsentSource = (typeof CONSENT_SOURCES)[number];

/** A word on a channel as somebody hands it on. */
export interface ConsentWord {
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly granted: boolean;
  /** When the customer gave it, where that is known; otherwise it is as of now. */
  readonly at?: Date;
}

/** A word that is to be recorded. */
export interface ConsentRecord {
  readonly customerId: number;
  readonly channel: Channel;
  /** Left out, a customer's own act counts for what it is about (`purposesOf`), and what is handed on for messages about the service. */
  readonly purpose?: Purpose;
  readonly granted: boolean;
  readonly source: ConsentSource;
  readonly givenAt?: Date;
}

/** A word of the ledger. */
export interface RecordedWord {
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly granted: boolean;
  readonly source: ConsentSource;
  readonly at: Date;
}

/** The last word of a customer on each channel and purpose; missing where none was given. */
export type Consents = readonly RecordedWord[];

/** A directory entry as it is put or imported. Fields that are left out stay as they are. */
export interface CustomerEntry {
  readonly name?: string | null;
  /** BCP 47, for example `zh-CN`. */
  readonly locale?: string | null;
  /** IANA zone, for example `Asia/Shanghai`. */
  readonly timeZone?: string | null;
  readonly email?: string | null;
  /** E.164, for example `+4915112345678`. */
  readonly phone?: string | null;
  /** Consent of the customer, at most one word a channel and purpose; a channel that is left out stays as it is. */
  readonly consent?: readonly ConsentWord[];
  /** Company that the customer belongs to, by an id or a name of the app. */
  readonly account?: string | null;
  /** True for the person of the account who may be told in place of its customers. */
  readonly accountContact?: boolean;
  readonly attributes?: Record<string, string | number | boolean | null>;
  readonly usernames?: readonly string[];
  readonly devices?: readonly string[];
}

/** A customer as the API shows it. */
export interface Customer {
  readonly id: number;
  /** Name of the directory in which the ids are. */
  readonly directory: string;
  readonly externalId: string | null;
  readonly name: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly account: string | null;
  readonly accountContact: boolean;
  readonly attributes: Record<string, unknown>;
  readonly email: string | null;
  readonly phone: string | null;
  /** The last word on messages about the service. */
  readonly consent: Partial<Record<Channel, boolean>>;
  /** `telemetry`: known from events only, so there is no way to write to them. */
  readonly source: 'directory' | 'telemetry';
}

/** Facts about one customer that outreach decides by, as they stand now. */
export interface Recipient {
  readonly customerId: number;
  readonly name: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  /** Company that the customer belongs to. */
  readonly account: string | null;
  /** Address by channel; missing where there is none. */
  readonly addresses: Partial<Record<Channel, string>>;
  /** Channels whose address the provider refused for good, with its reason. */
  readonly suppressed: Partial<Record<Channel, string>>;
  /** The customer's last words; `mayWrite` says what follows from them. */
  readonly consents: Consents;
  /** End of a pause that the customer asked for; null or left out for none. */
  readonly pausedUntil?: Date | null;
}
