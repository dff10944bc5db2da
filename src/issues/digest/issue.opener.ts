import { Inject, Injectable } from '@nestjs/common';
import { type AppEvent, type Level } from '../../events/event.js';
import { IntakeLedger } from '../../intake/public.js';
import { heldTime } from '../../intake/held-time.js';
import { inFull, type QueuedEvent } from '../../intake/queued-event.js';
import { type Bound, type Tx } from '../../platform/db/database.js';
import { rowAt } from '../../platform/db/sql.js';
import { recentMap } from '../../platform/recent-map.js';
import { sketchV1 } from '../links/link-sketch.v1.js';
import { CatchAllStore } from './catch-all.store.js';
import { type KnownFingerprint, type NewCell, type NewFingerprint, type Place } from './cell.js';
import { CellStore } from './cell.store.js';
import { type Grouped } from '../../grouping/facts.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { type AnyFingerprint } from '../../grouping/fingerprints.js';
import { GROUPING_CONFIG, type GroupingConfig } from '../../grouping/grouping-config.js';
import { LinkStore } from '../links/link.store.js';
import { DEFAULT_LIMITS } from '../../projects/project-key.js';
import { Projects } from '../../projects/project.registry.js';
import { BUDGET_KINDS, type BudgetKind, type Opener, OpeningBudget, spendersOf } from './opening-budget.js';
import { type ProjectTemplates, TemplateMemory } from './template.memory.js';

/** Cells that the wordings of a message issue get one by one; later ones share the last, so that a hit stays one row. */
const CELLS_PER_TEMPLATE = 16;
/** Longest masked text from which templates are learnt, UTF-16 units; log lines are far shorter. */
const MAX_MASKED = 2000;
/** Templates are joined when eight wordings differ in one word alone (template-miner.v1): as good as certain. */
const JOINED = { score: 0.9, reason: 'same message template' };

/** Faults beyond the cap of which the level is remembered, so that in a flood of them each is read once. */
const BEYOND_REMEMBERED = 20_000;

/** Fingerprints seen lately, so that an event of a fault that goes on need not be looked up before it is counted. */
const REMEMBERED = 20_000;

/** Places as a process remembers them, and after how many changes of issues they were so. */
export interface RecalledPlaces {
  readonly places: readonly KnownFingerprint[];
  readonly changes: number;
}

/** Place of an issue that is still to be opened. */
const UNWRITTEN: Place = { cellId: 0, issueId: 0, status: 'open', resolvedAt: null, resolvedIn: null, fresh: true };

/** An event with its keys. */
export interface GroupedEvent extends Omit<QueuedEvent, 'facts' | 'fault'> {
  readonly grouped: Grouped;
}

/** A place of which the ids are 0 until it is written. */
type Planned = { -readonly [K in keyof Place]: Place[K] };

/** An issue that new cells join. */
interface Home {
  /** 0 until it is written. */
  homeId: number;
  /** Parts that the places of its cells have in common. */
  readonly place: Planned;
  cells: number;
  /** The newest cell, where it is known: wordings share it once there are enough. */
  newest: Place | undefined;
}

/** A cell to be written. */
interface PlannedCell {
  readonly home: Home;
  readonly cell: NewCell;
  readonly place: Planned;
}

/** Events of one project whose fingerprints nobody knew before its lock was had. */
interface Unplaced {
  readonly projectId: number;
  readonly known: Map<string, Place>;
  readonly strangers: readonly GroupedEvent[];
  readonly kindOf: (event: GroupedEvent) => BudgetKind;
}

/** Work under way while a project's lock is held: planned in memory first, in order, then written at once. */
interface Opening {
  readonly tx: Tx;
  readonly projectId: number;
  readonly now: Date;
  readonly budget: OpeningBudget;
  readonly openerOf: (event: GroupedEvent) => Opener;
  /** Places by key; grows. */
  readonly known: Map<string, Place>;
  /** The catch-alls that are in use, by level. */
  readonly gathered: Map<Level, Place>;
  /** By the key of the first fingerprint that had the template. */
  readonly homes: Map<string, Home>;
  readonly joined: (readonly [a: string, b: string])[];
  readonly issues: PlannedCell[];
  readonly cells: PlannedCell[];
  readonly bindings: (Omit<NewFingerprint, 'cellId'> & { readonly place: Place })[];
  templates: ProjectTemplates | undefined;
}

/**
 * Attaches events to issues by fingerprint, messages by template, and opens an issue for what nobody has seen. What an app may
 * open in an hour stands in `OpeningBudget`; what nobody has seen beyond that counts in a catch-all and is not learnt, so it costs no more rows
 * and is opened as soon as somebody comes for whom there is room.
 */
@Injectable()
export class IssueOpener {
  /** Levels by key of what was gathered; asked only while there is no room. */
  private readonly beyond = recentMap<string, Level>(BEYOND_REMEMBERED);
  /** Places of open issues by key, as `find` found them. */
  private readonly remembered = recentMap<string, KnownFingerprint>(REMEMBERED);
  /** Changes of issues by any process, as last seen: when there were more, what is remembered may be wrong. */
  private changes = 0;

  constructor(
    private readonly store: CellStore,
    private readonly links: LinkStore,
    private readonly ledger: IntakeLedger,
    private readonly fingerprinter: Fingerprinter,
    private readonly memory: TemplateMemory,
    private readonly catchAll: CatchAllStore,
    private readonly projects: Projects,
    @Inject(GROUPING_CONFIG) private readonly config: GroupingConfig,
  ) {}

  /**
   * One place an event; `found` is what `find` said of these events in the same transaction.
   * @param kinds whose budget each event spends; claimed where it is missing
   */
  async attach(
    tx: Tx,
    events: readonly GroupedEvent[],
    { found, kinds }: { found: ReadonlyMap<string, Place>; kinds: ReadonlyMap<GroupedEvent, BudgetKind> },
    now: Date,
  ): Promise<Place[]> {
    const kindOf = (event: GroupedEvent) => kinds.get(event) ?? 'claimed';
    const byKey = new Map<string, GroupedEvent>();
    // Of several events of one fault the best known one opens it.
    for (const event of events) {
      const before = byKey.get(newestKey(event));
      if (!before || BUDGET_KINDS.indexOf(kindOf(event)) < BUDGET_KINDS.indexOf(kindOf(before)))
        byKey.set(newestKey(event), event);
    }
    const known = new Map(found);
    const strangers = [...byKey].filter(([key]) => !known.has(key)).map(([, event]) => event);
    for (const projectId of [...new Set(strangers.map((event) => event.projectId))].sort((a, b) => a - b)) {
      const ofProject = strangers.filter((event) => event.projectId === projectId);
      await this.open(tx, { projectId, known, strangers: ofProject, kindOf }, now);
    }
    return events.map((event) => {
      const place = known.get(newestKey(event));
      if (!place) throw new Error(`no issue was opened for ${newestKey(event)}`);
      return place;
    });
  }

  /** Whether an event's newest key is among the places that `find` found. */
  isPlaced(event: GroupedEvent, found: ReadonlyMap<string, Place>): boolean {
    return found.has(newestKey(event));
  }

  /** The places behind the events' keys; unknown ones are missing. */
  async find(tx: Tx, events: readonly GroupedEvent[]): Promise<Map<string, KnownFingerprint>> {
    const byKey = new Map<string, { projectId: number; key: string }>();
    for (const { projectId, grouped } of events)
      for (const { key } of grouped.keys) byKey.set(keyOf(projectId, key), { projectId, key });
    if (byKey.size === 0) return new Map();
    const wanted = [...byKey.values()];
    // In this order: a change that comes between the two makes what is found look older than it is, and never newer.
    const [changes, rows] = await Promise.all([
      this.store.changes(tx),
      this.store.find(
        tx,
        wanted.map((one) => one.projectId),
        wanted.map((one) => one.key),
      ),
    ]);
    const found = new Map(rows.map((row) => [keyOf(row.projectId, row.key), row]));
    this.remember(changes, found);
    return found;
  }

  /** One place an event, where this process remembers all of them; whoever relies on it commits with `assertChanges`. */
  recall(events: readonly GroupedEvent[]): RecalledPlaces | undefined {
    const places: KnownFingerprint[] = [];
    for (const event of events) {
      const place = this.remembered.get(newestKey(event));
      if (!place) return undefined;
      places.push(place);
    }
    return { places, changes: this.changes };
  }

  /** Makes sure that what was recalled still holds; fails with SQLSTATE FW001 when it may not. */
  assertChanges({ changes }: RecalledPlaces): Bound {
    return this.store.assertChanges(changes);
  }

  private remember(changes: number, found: ReadonlyMap<string, KnownFingerprint>): void {
    if (changes !== this.changes) this.remembered.clear();
    this.changes = changes;
    for (const [key, place] of found) if (place.status === 'open') this.remembered.set(key, place);
  }

  /** Under the project's lock, since another process may have met the same fault in the same moment. */
  private async open(tx: Tx, { projectId, known, strangers, kindOf }: Unplaced, now: Date): Promise<void> {
    const openerOf = (event: GroupedEvent) => this.openerOf(event, kindOf(event));
    const spenders = [...new Set(strangers.flatMap((event) => spendersOf(openerOf(event))))];
    // Asked for together, these travel in one round trip; each sees what was committed before the lock was had.
    const [, found, spent] = await Promise.all([
      this.store.lock(tx, projectId),
      this.find(tx, strangers),
      this.catchAll.spent(tx, projectId, spenders, now),
    ]);
    for (const [key, place] of found) known.set(key, place);
    const budget = new OpeningBudget(spent, this.config.maxNewIssuesPerHour);
    const opening: Opening = {
      ...{ tx, projectId, now, budget, openerOf, known, homes: new Map(), gathered: new Map(), templates: undefined },
      ...{ joined: [], issues: [], cells: [], bindings: [] },
    };
    for (const event of strangers) if (!known.has(newestKey(event))) await this.planOne(opening, event);
    const mined = await this.write(opening);
    opening.templates?.bound(mined);
    await this.links.proposeByKeys(tx, projectId, opening.joined, JOINED, now);
  }

  private openerOf({ keyId = 0, source = 0 }: GroupedEvent, kind: BudgetKind): Opener {
    const key = this.projects.keyOf(keyId);
    const { newIssuesPerHour, sourceNewIssuesPerHour } = key?.limits ?? DEFAULT_LIMITS;
    const isServer = key?.kind === 'server';
    return {
      kind,
      keyId,
      source,
      most: { key: newIssuesPerHour, source: isServer ? Infinity : sourceNewIssuesPerHour },
    };
  }

  /** Finds or plans the place of one event, to which all its keys will be bound; those of what is gathered stay unknown. */
  private async planOne(opening: Opening, event: GroupedEvent): Promise<void> {
    const { projectId, known } = opening;
    const level = isFull(opening, event) ? this.beyond.get(newestKey(event)) : undefined;
    if (level !== undefined) {
      known.set(newestKey(event), await this.gather(opening, level));
      return;
    }
    const clean = this.ledger.scrubbed(inFull(event).event);
    const shown = this.fingerprinter.explain(clean, event.grouped.ruled);
    const older = event.grouped.keys
      .map(({ key }) => known.get(keyOf(projectId, key)))
      .find((one) => one !== undefined);
    const text = shown.kind === 'message' && older === undefined ? shown.message?.slice(0, MAX_MASKED) : undefined;
    const masked = text === '' ? undefined : text;
    const place = older ?? (await this.placeOf(opening, event, clean, shown, masked));
    if (place === undefined) {
      this.beyond.set(newestKey(event), clean.level);
      known.set(newestKey(event), await this.gather(opening, clean.level));
      return;
    }
    for (const [nth, { version, key }] of event.grouped.keys.entries()) {
      if (known.has(keyOf(projectId, key))) continue;
      known.set(keyOf(projectId, key), place);
      const mined = nth === 0 ? (masked ?? null) : null;
      opening.bindings.push({ key, version, place, parts: shown.parts, masked: mined });
    }
  }

  /** Undefined where an issue would have to be opened and there is no room. */
  private async placeOf(
    opening: Opening,
    event: GroupedEvent,
    clean: AppEvent,
    shown: AnyFingerprint,
    masked: string | undefined,
  ): Promise<Place | undefined> {
    const seenAt = heldTime(clean.occurredAt, event.receivedAt, event.trust);
    const cell = newCell(opening.projectId, clean, shown, seenAt);
    const key = newestKeyOf(event);
    const home = masked === undefined ? undefined : await this.homeOf(opening, event, masked);
    if (home !== undefined) return this.placeBeside(opening, home, cell);
    if (isFull(opening, event)) return undefined;
    opening.budget.spend(opening.openerOf(event));
    const opened = { homeId: 0, place: { ...UNWRITTEN }, cells: 0, newest: undefined };
    if (masked !== undefined) opening.homes.set(key, opened);
    const first = planCell(opening, opened, cell);
    opening.issues.push(first);
    return first.place;
  }

  /** Learns a message; the issue that its template has already, undefined when the template is new. Without room new ones are not learnt. */
  private async homeOf(opening: Opening, event: GroupedEvent, masked: string): Promise<Home | undefined> {
    opening.templates ??= await this.memory.of(opening.tx, opening.projectId);
    if (isFull(opening, event) && !opening.templates.knows(masked)) return undefined;
    const { first, joined } = opening.templates.learn(masked, newestKeyOf(event));
    opening.joined.push(...joined);
    const seen = first === undefined ? undefined : opening.homes.get(first);
    if (first === undefined || seen !== undefined) return seen;
    const row = await this.store.homeOf(opening.tx, opening.projectId, first);
    if (row === undefined) return undefined;
    const home = { homeId: row.homeId, cells: row.cells, place: row, newest: undefined };
    opening.homes.set(first, home);
    return home;
  }

  private async placeBeside(opening: Opening, home: Home, cell: NewCell): Promise<Place> {
    if (home.cells < CELLS_PER_TEMPLATE) return planCell(opening, home, cell).place;
    home.newest ??= { ...home.place, cellId: await this.store.newestCell(opening.tx, home.homeId) };
    return home.newest;
  }

  private async gather({ tx, projectId, now, gathered }: Opening, level: Level): Promise<Place> {
    const place =
      gathered.get(level) ?? (await this.catchAll.place(tx, projectId, level, this.config.maxNewIssuesPerHour, now));
    gathered.set(level, place);
    return place;
  }

  /** Writes what was planned, and the ids into the plan; returns the ids of the fingerprints from which templates are learnt. */
  private async write({ tx, projectId, budget, issues, cells, bindings, now }: Opening): Promise<number[]> {
    const looks = issues.map((one) => one.cell);
    const [issueIds] = await Promise.all([
      this.store.openIssues(tx, looks, now),
      this.catchAll.countOpened(tx, projectId, budget.spent(), now),
    ]);
    for (const [at, { home }] of issues.entries()) home.homeId = home.place.issueId = rowAt(issueIds, at, 'new issues');
    const rows = cells.map(({ home, cell }) => ({ issueId: home.homeId, cell }));
    const cellIds = await this.store.openCells(tx, rows, now);
    for (const [at, { home, place }] of cells.entries())
      Object.assign(place, { issueId: home.place.issueId, cellId: rowAt(cellIds, at, 'new cells') });
    const bound = bindings.map(({ place, ...binding }) => ({ ...binding, cellId: place.cellId }));
    return this.store.bind(tx, projectId, bound, now);
  }
}

function isFull({ budget, openerOf }: Opening, event: GroupedEvent): boolean {
  return !budget.hasRoom(openerOf(event));
}

function planCell(opening: Opening, home: Home, cell: NewCell): PlannedCell {
  const planned = { home, cell, place: { ...home.place } };
  home.cells++;
  home.newest = planned.place;
  opening.cells.push(planned);
  return planned;
}

function keyOf(projectId: number, key: string): string {
  return `${projectId}:${key}`;
}

function newestKeyOf({ grouped }: GroupedEvent): string {
  return grouped.keys[0]?.key ?? '';
}

function newestKey(event: GroupedEvent): string {
  return keyOf(event.projectId, newestKeyOf(event));
}

function newCell(projectId: number, event: AppEvent, shown: AnyFingerprint, occurredAt: number): NewCell {
  return {
    projectId,
    kind: shown.kind,
    title: shown.title,
    culprit: shown.culprit ?? event.transaction,
    level: event.level,
    service: event.service,
    environment: event.environment,
    release: event.release,
    occurredAt,
    sketch: sketchV1(event, shown),
  };
}
