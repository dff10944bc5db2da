import { readSentryEvent } from '../intake/sentry-event.js';
import { fingerprintV1 } from './algorithm/fingerprint.v1.js';
import { TemplateMiner, type TemplateMinerOptions } from './algorithm/template-miner.v1.js';

/** One thing to be grouped: a line of text, or a Sentry-shaped event. */
export interface GroupRecord {
  readonly id: string | number;
  /** Groups never cross projects. */
  readonly project?: string;
  readonly content?: string;
  readonly event?: Record<string, unknown>;
}

/** A group as people and files see it. */
export interface GroupName {
  readonly group: string;
  /** What the members have in common, in one line. */
  readonly title: string;
}

type Place = { readonly miner: TemplateMiner; readonly project: string; readonly templateId: number } | GroupName;

/** Puts records into groups the way the daemon does: exceptions by fingerprint, messages by template. */
export class Grouper {
  private readonly miners = new Map<string, TemplateMiner>();
  private readonly handles = new Map<string, number>();
  private readonly places: Place[] = [];
  private readonly titles = new Map<string, string>();

  constructor(private readonly options: TemplateMinerOptions = {}) {}

  /** Groups one record; the number that it returns stands for the group in `nameOf`, now and later. */
  add(record: GroupRecord): number {
    const project = record.project ?? '';
    if (record.event === undefined) return this.addMessage(project, record.content ?? '', false);
    const print = fingerprintV1(readSentryEvent(record.event, 0));
    if (print.kind === 'message' && print.message !== undefined) return this.addMessage(project, print.message, true);
    const group = scoped(project, print.key);
    return this.handle(group, () => ({ group, title: print.title }));
  }

  /** The group as it stands at the moment of asking. */
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
