import { setImmediate as breathe } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { keepCustomers } from '../../customers/erasure-lock.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Database } from '../../platform/db/database.js';
import { readAhead } from '../../platform/db/read-ahead.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { type Trust } from '../../projects/project-key.js';
import { type CausesFound, findCausesInTurns, LEAST_AFFECTED, type StandsFor } from '../algorithm/causes.v1.js';
import { type Turns } from '../algorithm/turns.js';
import {
  type ActiveCustomer,
  CausesStore,
  type CustomerTraitsRow,
  type FoundAtRisk,
  type TraitUse,
} from './causes.store.js';
import { codeCustomers, type CodedCustomers, FEATURE, featuresOfFault, hasTerms, isListed } from './code-customers.js';
import { marksOf } from './marks.js';
import { type KnownCause, soonnessOf, trustAtRisk } from './rank-cohort.js';
import { stateAtRisk, stateCause } from './stated.js';

const MINUTE = 60_000;
/** Time within which a customer was seen who counts as active; longer where the incident is older. Half of it misses whole time zones, double counts who has gone. */
const ACTIVE_MS = 24 * 60 * MINUTE;
/**
 * Active customers that one look compares, those seen last, each of whom stands for as many as there are to one. Memory and time
 * of a look grow with it; a share of 50,000 is known to 0.4 points either way, half of it to 0.6, double to 0.3.
 */
const MOST_ACTIVE = 100_000;
/** Growth of the affected that is worth a look at once: those who are next are warned early, and looks stay few. By judgement. */
const GROWN = 1.5;
const PAGE = 2000;
/** Customers at risk from which on PostgreSQL is to look at them at once; by itself it does within a minute or two. */
const MANY = 10_000;

/** One look at an incident: who is active, what is known of them, and what was found. */
interface Look {
  readonly projectId: number;
  readonly active: readonly ActiveCustomer[];
  readonly known: ReadonlyMap<number, CustomerTraitsRow>;
  readonly causes: CausesFound['causes'];
  /** The active customers in columns. */
  readonly rows: CodedCustomers;
  readonly standsFor: StandsFor;
  readonly now: Date;
}

/** WHO IS NEXT: finds what the affected of each open incident share and who else has it, again when more are affected: at once when it is half as many more, else once a minute at most. */
@Injectable()
export class CausesStage implements Stage {
  readonly name = 'causes';
  readonly pauseMs = 5000;
  readonly limitMs = 300_000;
  /** See `MOST_ACTIVE`. */
  mostActive = MOST_ACTIVE;

  constructor(
    private readonly incidents: Incidents,
    private readonly store: CausesStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = 0;
    for (const incident of await this.incidents.open(database)) worked += await this.look(database, incident, now);
    return { worked, more: false };
  }

  private async look(database: Database, incident: Incident, now: Date): Promise<number> {
    const affected = await this.store.affected(database, incident.id);
    const before = await this.store.find(database, incident.id);
    if (affected < LEAST_AFFECTED || before?.affected === affected) return 0;
    if (before && affected < GROWN * before.affected && now.getTime() - before.computedAt.getTime() < MINUTE) return 0;
    const since = new Date(Math.min(incident.startedAt.getTime(), now.getTime() - ACTIVE_MS));
    const about = { projectId: incident.projectId, incidentId: incident.id, since };
    const active = await database.transaction((tx) => this.store.active(tx, about, this.mostActive));
    const known = await this.traitsOf(database, incident.projectId, active);
    const standsFor = { hit: shareOf(active, true), others: shareOf(active, false) };
    const { causes, atRisk, rows } = await causesOf(active, known, standsFor);
    const members = [...(atRisk?.customers ?? [])].flatMap((row) => active[row]?.id ?? []);
    const look = { projectId: incident.projectId, active, known, causes, rows, standsFor, now };
    const unread = atRisk && standsFor.others > 1 ? await this.unread(database, about, look) : [];
    const found = await this.ranked(database, members, unread, look);
    const others = (active.find((one) => !one.hit)?.alike ?? 0) - found.length;
    const kept = await database.transaction(async (tx) => {
      if (!(await tx.tryLock(`causes:${incident.id}`))) return 0;
      const stated = { affected, causes: causes.map(stateCause), atRisk: stateAtRisk(atRisk, found.length), others };
      await keepCustomers(tx);
      await this.store.save(tx, incident.id, stated, now);
      await this.store.replaceAtRisk(tx, incident.id, found, atRisk?.expectedHitRate ?? 0, now);
      await wake(tx, 'campaign');
      return 1;
    });
    if (found.length >= MANY) await this.store.analyze(database);
    return kept;
  }

  /** Active customers who were neither hit nor read and may match a cause. */
  private async unread(
    database: Database,
    about: { projectId: number; incidentId: number; since: Date },
    { active, known, causes, rows }: Look,
  ): Promise<number[]> {
    const terms = causes.map((one) => one.terms);
    const marks = marksOf(terms, rows, (row) => known.get(active[row]?.id ?? 0));
    const read = new Set(active.map(({ id }) => id));
    const ids = await database.transaction((tx) => this.store.others(tx, about, marks));
    return ids.filter((id) => !read.has(id)).sort((one, other) => one - other);
  }

  /**
   * Customers at risk, each with how that is known; who is likely to use what is faulty soonest comes first.
   * @param members those who were read
   * @param unread further customers, of whom those count who match a cause
   */
  private async ranked(
    database: Database,
    members: readonly number[],
    unread: readonly number[],
    about: Look,
  ): Promise<FoundAtRisk[]> {
    const causes = await knownCauses(about);
    const terms = about.causes.flatMap((one) => one.terms);
    const named = terms.filter(({ trait }) => trait === FEATURE).map(({ value }) => value);
    const features = named.length > 0 ? named : await inTurns(featuresOfFault(about.active, about.known));
    const asked = [...terms, ...features.map((value) => ({ trait: FEATURE, value }))];
    const uses = (page: readonly number[]) => this.store.uses(database, about.projectId, page, asked);
    const found: FoundAtRisk[] = [];
    const add = (id: number, known: CustomerTraitsRow | undefined, own: readonly TraitUse[] = []) => {
      const trust = trustAtRisk(causes, own, (trait) => isListed(known, trait));
      found.push({ id, trust, soonness: soonnessOf(features, own, about.now.getTime()) });
    };
    for await (const { page, found: used } of readAhead(members, PAGE, uses)) {
      const own = byId(used);
      for (const id of page) add(id, about.known.get(id), own.get(id));
    }
    const lines = new Map<string, readonly string[]>();
    const read = (page: readonly number[]) => this.store.traits(database, about.projectId, page, lines);
    for await (const { found: rows } of readAhead(unread, PAGE, read)) {
      const those = rows.filter((row) => about.causes.some((one) => hasTerms(row, one.terms, about.rows.listed)));
      const own = byId(await uses(those.map(({ id }) => id)));
      for (const row of those) add(row.id, row, own.get(row.id));
    }
    return found.sort((one, other) => other.soonness - one.soonness || one.id - other.id);
  }

  /** Reads in order of id, so that those of a page lie beside each other in the tables. */
  private async traitsOf(database: Database, projectId: number, active: readonly ActiveCustomer[]) {
    const known = new Map<number, CustomerTraitsRow>();
    const ids = active.map(({ id }) => id).sort((one, other) => one - other);
    const lines = new Map<string, readonly string[]>();
    const read = (page: readonly number[]) => this.store.traits(database, projectId, page, lines);
    for await (const { found } of readAhead(ids, PAGE, read)) for (const row of found) known.set(row.id, row);
    return known;
  }
}

async function causesOf(
  active: readonly ActiveCustomer[],
  known: ReadonlyMap<number, CustomerTraitsRow>,
  standsFor: StandsFor,
): Promise<CausesFound & { readonly rows: CodedCustomers }> {
  const hit = Uint8Array.from(active, (one) => (one.hit ? 1 : 0));
  const rows = await inTurns(codeCustomers(active, known));
  return { ...(await inTurns(findCausesInTurns({ rows, hit, standsFor }))), rows };
}

/** Does work of a second, between whose turns the thread does whatever else waits. */
async function inTurns<T>(work: Turns<T>): Promise<T> {
  let step = work.next();
  while (!step.done) {
    await breathe();
    step = work.next();
  }
  return step.value;
}

/** How many customers each that was read stands for, of those whom the incident has hit or of the others; 1 where all were read. */
function shareOf(active: readonly ActiveCustomer[], hit: boolean): number {
  const read = active.filter((one) => one.hit === hit);
  return read[0] === undefined ? 1 : read[0].alike / read.length;
}

/**
 * The causes with the trust of the hits behind them. A claim that somebody was hit is not evidence of a cause: where there are such, the search is
 * made again without those customers, and a cause that it does not find is known by claims alone.
 */
async function knownCauses({ active, known, causes, standsFor }: Look): Promise<KnownCause[]> {
  const proven = active.filter(({ hit, trust }) => !hit || trust !== 'claimed');
  const hits = proven.filter(({ hit }) => hit);
  const trust: Trust = hits.some((one) => one.trust === 'signed') ? 'signed' : 'server';
  const found =
    proven.length === active.length
      ? causes
      : hits.length < LEAST_AFFECTED
        ? []
        : (await causesOf(proven, known, standsFor)).causes;
  const texts = new Set(found.map(({ text }) => text));
  return causes.map(({ terms, text }) => ({ terms, trust: texts.has(text) ? trust : 'claimed' }));
}

function byId(uses: readonly TraitUse[]): Map<number, TraitUse[]> {
  const groups = new Map<number, TraitUse[]>();
  for (const use of uses) {
    const group = groups.get(use.id);
    if (group) group.push(use);
    else groups.set(use.id, [use]);
  }
  return groups;
}
