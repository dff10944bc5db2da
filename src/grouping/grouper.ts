import { type AppEvent } from '../events/event.js';
import { readSentryPayload } from '../events/sentry-payload.js';
import { fingerprintV1 } from './fingerprint/fingerprint.v1.js';
import { applyRules, type CompiledRule } from './rules/rules.js';
import { TemplateMiner, type TemplateMinerOptions } from './template/template-miner.v1.js';

/** Record to group: a line of text, or a Sentry-shaped event. */
export interface GroupRecord {
  readonly id: string | number;
  /** Groups never cross projects. */
  readonly project?: string;
  readonly content?: string;
  readonly event?: Record<string, unknown>;
}

/** Group as people and files see it. */
export interface GroupName {
  /** Name of the group; null for records that a rule ignores. */
  readonly group: string | null;
  /** Common line of the members. */
  readonly title: string;
}

type Place = { readonly miner: TemplateMiner; readonly project: string; readonly templateId: number } | GroupName;

/** Groups records as the daemon does: exceptions by fingerprint, messages by template. */
export class Grouper {
  private readonly miners = new Map<string, TemplateMiner>();
  private readonly handles = new Map<string, number>();
  private readonly places: Place[] = [];
  private readonly titles = new Map<string, string>();

  /** Number of records that each rule matched, by the rule's name. */
  readonly matchedByRule = new Map<string, number>();

  constructor(
    private readonly options: TemplateMinerOptions = {},
    private readonly rules: readonly CompiledRule[] = [],
  ) {
    for (const { rule } of rules) this.matchedByRule.set(rule.name, 0);
  }

  /** Groups one record; returns a number that stands for the group in `nameOf`, now and later. */
  add(record: GroupRecord): number {
    const project = record.project ?? '';
    if (record.event === undefined && this.rules.length === 0) {
      return this.addMessage(project, record.content ?? '', false);
    }
    const event = this.ruled(readSentryPayload(record.event ?? { message: record.content }, 0));
    if (event === undefined)
      return this.handle('ignored by a rule', () => ({ group: null, title: 'ignored by a rule' }));
    const print = fingerprintV1(event);
    if (print.kind === 'message' && print.message !== undefined) return this.addMessage(project, print.message, true);
    const group = scoped(project, print.key);
    return this.handle(group, () => ({ group, title: print.title }));
  }

  /** Applies the rules to an event; undefined if they ignore it. */
  private ruled(event: AppEvent): AppEvent | undefined {
    if (this.rules.length === 0) return event;
    const { fingerprint, ignore, matched } = applyRules(this.rules, event);
    for (const name of matched) this.matchedByRule.set(name, (this.matchedByRule.get(name) ?? 0) + 1);
    if (ignore) return undefined;
    return fingerprint === undefined ? event : { ...event, fingerprint: fingerprint.parts };
  }

  /** Names the group in its current state. */
  nameOf(handle: number): GroupName {
    const place = this.places[handle];
    if (place === undefined) throw new RangeError(`no group has the handle ${handle}`);
    if ('group' in place) return place;
    const group = scoped(place.project, `t${place.miner.groupOf(place.templateId)}`);
    return { group, title: this.titles.get(group) ?? '' };
  }

  private addMessage(project: string, text: string, masked: boolean): number {
    const miner = this.minerOf(project);
    const found = masked ? miner.addMasked(text) : miner.add(text);
    const name = scoped(project, `t${found.templateId}`);
    this.titles.set(name, found.template);
    return this.handle(name, () => ({ miner, project, templateId: found.templateId }));
  }

  private minerOf(project: string): TemplateMiner {
    const known = this.miners.get(project);
    if (known !== undefined) return known;
    const miner = new TemplateMiner(this.options);
    this.miners.set(project, miner);
    return miner;
  }

  private handle(name: string, place: () => Place): number {
    const known = this.handles.get(name);
    if (known !== undefined) return known;
    this.handles.set(name, this.places.length);
    return this.places.push(place()) - 1;
  }
}

function scoped(project: string, name: string): string {
  return project === '' ? name : `${project}/${name}`;
}
