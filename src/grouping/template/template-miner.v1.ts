import { maskMessage } from '../fingerprint/mask.v1.js';
import { joinedWilds, keyOfMasked, readKey, templateKey, WILD, type TemplateKey } from './template-key.v1.js';

/** Limits of a miner; all have defaults. */
export interface TemplateMinerOptions {
  /**
   * Most templates to keep; beyond that we forget the tenth with the oldest last use. Default 100,000, by judgement.
   */
  readonly maxTemplates?: number;
  /**
   * Different words at one place, all else equal, from which on the place is a value. Default 8, chosen with
   * bench:grouping (docs/benchmarks.md): half costs 0.008 of GA and 0.009 of FGA, double nothing.
   */
  readonly openAfter?: number;
  /**
   * Masked messages to remember with their template, at most twice this many; only speed depends on it. Default 20,000,
   * by judgement.
   */
  readonly cacheSize?: number;
  /**
   * Callback for two groups that turned out to be one, with their numbers before, larger first. Has no effect on the
   * groups.
   */
  readonly onJoin?: (group: number, into: number) => void;
}

/** Template found for a message. */
export interface TemplateMatch {
  /** Current number of the template's group; `groupOf` follows later merges. */
  readonly templateId: number;
  /** Text with `<*>` for the parts that vary. */
  readonly template: string;
}

/** A miner's whole memory as plain JSON. */
export interface TemplateMinerState {
  readonly version: 1;
  readonly nextId: number;
  /** Templates from the oldest last use to the latest: number, number of the group, key. */
  readonly templates: readonly (readonly [id: number, group: number, key: string])[];
  /** Places that accept any word: hash of the place, number of the group. */
  readonly open: readonly (readonly [place: number, group: number])[];
  /** Keys of messages with a value at an open place: key, number of the group. */
  readonly openKeys: readonly (readonly [key: string, group: number])[];
  /** Shown text of each group of several templates. */
  readonly shown: readonly (readonly [group: number, template: string])[];
}

interface Template {
  readonly id: number;
  readonly key: string;
  /** Whether an open place leads this key to its group, so that nothing is lost when we forget it. */
  covered: boolean;
  lastSeen: number;
}

/**
 * Different names at one place from which on it is a value, if the word before announces a name ("for user"). Chosen
 * with bench:grouping: with eight, "login ended for user anna, ops, guest" are three issues for good
 * (docs/benchmarks.md). Half costs 0.038 of GA and 0.004 of FGA, double nothing in these data.
 */
const OPEN_NAMES_AFTER = 3;
/** Share of the templates that we forget at once when there are too many; by judgement, it only bounds memory. */
const FORGET_SHARE = 0.1;

/**
 * Learns message templates from a stream. Two messages are one template if they differ in values alone (`templateKey`).
 * Two templates are one group if they differ by a word at a place that has shown `openAfter` different words with all
 * else equal, or three if the words before announce a name. A value at such a place counts as one more word. The rules
 * are symmetric: as long as nothing is forgotten, the groups depend on which messages came and not on their order.
 *
 * The look-up is the fixed-depth idea of Drain (He et al., ICWS 2017) taken to its end, a hash of the whole key; the
 * count of distinct words by position is Brain's (Yu et al., TSC 2023), kept online. We do not use a similarity
 * threshold: it merges messages by the share of common words, and so puts `payment declined` and `payment accepted`
 * together as soon as the rest is long enough.
 */
export class TemplateMiner {
  private readonly maxTemplates: number;
  private readonly openAfter: number;
  private readonly cacheSize: number;
  private readonly onJoin: TemplateMinerOptions['onJoin'];
  private readonly byKey = new Map<string, Template>();
  /** Group into which each template was merged; a template without an entry is its own group, or its group's first. */
  private readonly mergedInto = new Map<number, number>();
  /** Places not open yet: the one template there, or all of them. */
  private readonly places = new Map<number, number | number[]>();
  private readonly open = new Map<number, number>();
  /** Keys of messages with a value at an open place, with the group of the place. */
  private readonly openKeys = new Map<string, number>();
  private readonly shown = new Map<number, string>();
  private young = new Map<string, Template>();
  private old = new Map<string, Template>();
  private nextId = 1;
  private clock = 0;

  constructor(options: TemplateMinerOptions = {}) {
    this.maxTemplates = options.maxTemplates ?? 100_000;
    this.openAfter = options.openAfter ?? 8;
    this.cacheSize = options.cacheSize ?? 20_000;
    this.onJoin = options.onJoin;
  }

  /** Number of templates in memory. */
  get size(): number {
    return this.byKey.size;
  }

  /** Finds the message's template and learns from it; `isNew` tells that no message of its group came before. */
  add(message: string): TemplateMatch & { readonly isNew: boolean } {
    return this.addMasked(maskMessage(message));
  }

  /** The same for a message that `maskMessage` has masked already. */
  addMasked(masked: string): TemplateMatch & { readonly isNew: boolean } {
    const cached = this.young.get(masked) ?? this.old.get(masked);
    const template = cached ?? this.byKey.get(keyOfMasked(masked));
    if (template === undefined) return this.learn(masked);
    template.lastSeen = ++this.clock;
    this.remember(masked, template);
    return { ...this.describe(template), isNew: false };
  }

  /** Finds the message's template without learning; undefined when it has none. */
  match(message: string): TemplateMatch | undefined {
    return this.matchKey(templateKey(message));
  }

  /** The same for a message that `maskMessage` has masked already. */
  matchMasked(masked: string): TemplateMatch | undefined {
    return this.matchKey(readKey(keyOfMasked(masked)));
  }

  private matchKey(key: TemplateKey): TemplateMatch | undefined {
    const template = this.byKey.get(key.key);
    if (template !== undefined) return this.describe(template);
    const group =
      this.openKeys.get(key.key) ??
      placesOf(key)
        .map(({ place }) => this.open.get(place))
        .find(isKnown);
    return group === undefined ? undefined : this.describeGroup(this.groupOf(group), key.key);
  }

  /** Reads the current group of a template. An unknown number is its own group. */
  groupOf(templateId: number): number {
    let group = templateId;
    for (let next = this.mergedInto.get(group); next !== undefined; next = this.mergedInto.get(group)) group = next;
    return group;
  }

  export(): TemplateMinerState {
    const templates = [...this.byKey.values()].sort((a, b) => a.lastSeen - b.lastSeen);
    return {
      version: 1,
      nextId: this.nextId,
      templates: templates.map(({ id, key }) => [id, this.groupOf(id), key] as const),
      open: [...this.open].map(([place, group]) => [place, this.groupOf(group)] as const),
      openKeys: [...this.openKeys].map(([key, group]) => [key, this.groupOf(group)] as const),
      shown: [...this.shown],
    };
  }

  /** Makes a miner that goes on from an exported state. Throws if the state is of another version. */
  static import(state: TemplateMinerState, options: TemplateMinerOptions = {}): TemplateMiner {
    if (state.version !== 1)
      throw new Error(`template miner state has version ${String(state.version)}, this program reads version 1`);
    const miner = new TemplateMiner(options);
    for (const [place, group] of state.open) miner.open.set(place, group);
    for (const [key, group] of state.openKeys) miner.openKeys.set(key, group);
    for (const [group, template] of state.shown) miner.shown.set(group, template);
    for (const [id, group, key] of state.templates) {
      if (group !== id) miner.mergedInto.set(id, group);
      miner.insert(id, readKey(key));
    }
    miner.nextId = state.nextId;
    return miner;
  }

  private learn(masked: string): TemplateMatch & { readonly isNew: boolean } {
    const id = this.nextId++;
    const template = this.insert(id, readKey(keyOfMasked(masked)));
    this.remember(masked, template);
    const found = this.describe(template);
    if (this.byKey.size > this.maxTemplates) this.forget();
    return { ...found, isNew: found.templateId === id };
  }

  private insert(id: number, key: TemplateKey): Template {
    const template = { id, key: key.key, covered: false, lastSeen: ++this.clock };
    this.byKey.set(key.key, template);
    const group = this.openKeys.get(key.key);
    if (group !== undefined) this.merge(group, template, key, -1);
    for (const place of placesOf(key)) this.visit(template, key, place);
    return template;
  }

  /** Notes one more word at a place, and opens the place once there are enough. */
  private visit(template: Template, key: TemplateKey, { place, at, isNamed }: Place): void {
    const opened = this.open.get(place);
    if (opened !== undefined) return this.merge(opened, template, key, at);
    const here = this.places.get(place);
    if (here === undefined) {
      this.places.set(place, template.id);
      return;
    }
    const ids = typeof here === 'number' ? [here] : here;
    ids.push(template.id);
    if (ids.length < (isNamed ? Math.min(OPEN_NAMES_AFTER, this.openAfter) : this.openAfter)) {
      this.places.set(place, ids);
      return;
    }
    this.places.delete(place);
    this.open.set(place, Math.min(...ids.map((id) => this.groupOf(id))));
    for (const id of ids) this.merge(id, template, key, at);
    this.openForValues(template, key, at);
  }

  /** Adds to a group that opens a place all templates with a value there, earlier and later ones. */
  private openForValues(template: Template, key: TemplateKey, at: number): void {
    const open = joinedWilds(key.pieces.map((piece, i) => (i === at ? WILD : piece)).join(''));
    const known = this.byKey.get(open);
    const other = this.openKeys.get(open);
    for (const id of [known?.id, other]) if (id !== undefined) this.merge(id, template, key, at);
    if (known) known.covered = true;
    this.openKeys.set(open, this.groupOf(template.id));
  }

  private merge(id: number, template: Template, key: TemplateKey, at: number): void {
    template.covered = true;
    const [a, b] = [this.groupOf(id), this.groupOf(template.id)];
    const group = Math.min(a, b);
    if (a !== b) {
      this.mergedInto.set(Math.max(a, b), group);
      this.onJoin?.(Math.max(a, b), group);
    }
    const before = this.shown.get(a) ?? this.shown.get(b);
    this.shown.delete(Math.max(a, b));
    this.shown.set(group, generalise(key, at, before));
  }

  private describe(template: Template): TemplateMatch {
    return this.describeGroup(this.groupOf(template.id), template.key);
  }

  private describeGroup(group: number, key: string): TemplateMatch {
    return { templateId: group, template: this.shown.get(group) ?? key };
  }

  private remember(masked: string, template: Template): void {
    if (this.young.size >= this.cacheSize) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(masked, template);
  }

  /**
   * Forgets a tenth: first templates that an open place would lead back to their group, then those with the oldest last
   * use. Places stay open; beyond `maxTemplates` the oldest of them go.
   */
  private forget(): void {
    const order = [...this.byKey.values()];
    order.sort((a, b) => Number(b.covered) - Number(a.covered) || a.lastSeen - b.lastSeen);
    for (const template of order.slice(0, Math.ceil(this.maxTemplates * FORGET_SHARE))) this.forgetOne(template);
    for (const place of [...this.open.keys()].slice(0, -this.maxTemplates)) this.open.delete(place);
    for (const key of [...this.openKeys.keys()].slice(0, -this.maxTemplates)) this.openKeys.delete(key);
    this.forgetMerges();
    this.young.clear();
    this.old.clear();
  }

  /** Keeps only those merges that lead a template or an open place to its group, in one step. */
  private forgetMerges(): void {
    const kept = new Map<number, number>();
    for (const id of [
      ...[...this.byKey.values()].map((template) => template.id),
      ...this.open.values(),
      ...this.openKeys.values(),
    ])
      kept.set(id, this.groupOf(id));
    this.mergedInto.clear();
    for (const [id, group] of kept) if (id !== group) this.mergedInto.set(id, group);
    const groups = new Set(kept.values());
    for (const group of this.shown.keys()) if (!groups.has(group)) this.shown.delete(group);
  }

  private forgetOne(template: Template): void {
    this.byKey.delete(template.key);
    for (const { place } of placesOf(readKey(template.key))) {
      const here = this.places.get(place);
      const left = typeof here === 'object' ? here.filter((id) => id !== template.id) : [];
      if (left.length === 0) this.places.delete(place);
      else this.places.set(place, left);
    }
  }
}

/** Writes `<*>` into a key at one more place, and wherever the group's text already has it. */
function generalise(key: TemplateKey, at: number, before: string | undefined): string {
  const known = before === undefined ? [] : readKey(before).pieces;
  const same = known.length === key.pieces.length;
  return key.pieces.map((piece, i) => (i === at || (same && known[i] !== piece) ? WILD : piece)).join('');
}

/** Word of a template that may turn out to be a value. */
interface Place {
  /** 53-bit number of the place: the key's pieces in their order, with any word at this one. */
  readonly place: number;
  /** Index into the key's pieces. */
  readonly at: number;
  /** Whether only names count at this place. */
  readonly isNamed: boolean;
}

/**
 * Lists the places of a key. A place's number is a sum of numbers for each piece and position, so that one piece can be
 * taken out again. Among a million places, two share a number with a chance of about 1 in 18,000.
 */
function placesOf(key: TemplateKey): Place[] {
  if (key.textAt.length === 0) return [];
  const low = key.pieces.map((piece, at) => scatter(hash(piece, 0x811c9dc5), at));
  const high = key.pieces.map((piece, at) => scatter(hash(piece, 0x9e3779b9), at));
  const [sumLow, sumHigh] = [low.reduce(add32, 0), high.reduce(add32, 0)];
  const numberOf = (at: number, mark: number): number => {
    const a = (sumLow - (low[at] ?? 0) + scatter(mark, at)) >>> 0;
    const b = (sumHigh - (high[at] ?? 0) + scatter(mark + 1, at)) >>> 0;
    return (b >>> 11) * 0x1_0000_0000 + a;
  };
  const places = key.textAt.map((at) => ({ place: numberOf(at, 1), at, isNamed: false }));
  for (const at of key.namedAt) places.push({ place: numberOf(at, 3), at, isNamed: true });
  return places;
}

function isKnown<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function add32(a: number, b: number): number {
  return (a + b) | 0;
}

/** Hashes text with FNV-1a over UTF-16 units, 32 bits. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/** Spreads a hash at a position over 32 bits (the finaliser of MurmurHash3). */
function scatter(value: number, at: number): number {
  let spread = value + Math.imul(at + 1, 0x9e3779b9);
  spread = Math.imul(spread ^ (spread >>> 16), 0x85ebca6b);
  spread = Math.imul(spread ^ (spread >>> 13), 0xc2b2ae35);
  return spread ^ (spread >>> 16);
}
