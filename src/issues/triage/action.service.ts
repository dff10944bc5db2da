import { Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type ActionDetails, ActionStore, type IssueAction, type IssueDecision } from './action.store.js';
import { CellStore } from '../digest/cell.store.js';
import { IgnoreStore } from './ignore.store.js';
import { type Issue, type IssueStatus } from '../issue.js';

/** Keys named in an answer at most. */
const NAMED = 5;

/** Who does something, and when. */
export interface Doing {
  readonly actor: string;
  readonly now: Date;
}

/** Decisions of people about an issue. */
export interface Decision {
  readonly status: IssueStatus;
  /** The release that holds the fix, of what is resolved. */
  readonly inRelease?: string | undefined;
  /** When ignoring ends by itself. */
  readonly until?: Date | undefined;
  /** … or at how many customers hit meanwhile. */
  readonly untilCustomers?: number | undefined;
}

/**
 * Carries out what people do to issues. Every action is logged with what undoing it needs; it moves issues under another root or cells to
 * another issue, so it binds future events and leaves every count exact. All of it happens under the project's lock.
 */
@Injectable()
export class IssueActions {
  constructor(
    private readonly store: ActionStore,
    private readonly cells: CellStore,
    private readonly ignored: IgnoreStore,
  ) {}

  /** Makes one issue part of another; returns the action's id. Both are issues as people see them (roots). */
  async merge(tx: Tx, from: Issue, into: Issue, { actor, now }: Doing): Promise<number> {
    if (from.projectId !== into.projectId)
      throw new Problem(400, 'invalid', `into: issue ${into.id} belongs to another project.`);
    if (from.catchAll || into.catchAll)
      throw new Problem(
        409,
        'conflict',
        `Issue ${from.catchAll ? from.id : into.id} is not one fault: it takes what came beyond grouping.maxNewIssuesPerHour.`,
      );
    await this.cells.lock(tx, from.projectId);
    const moved = await this.store.withRoot(tx, from.id);
    const others = await this.store.withRoot(tx, into.id);
    if (moved.length === 0 || others.length === 0 || from.id === into.id)
      throw new Problem(409, 'conflict', `Issues ${from.id} and ${into.id} are one issue already.`);
    await this.store.changeRoot(tx, moved, from.id, into.id, now);
    return this.store.record(tx, from.id, actor, { kind: 'merge', from: from.id, into: into.id, moved }, now);
  }

  /** Makes some fingerprints of an issue an issue of their own; returns the action's id and the new issue's. */
  async split(
    tx: Tx,
    issue: Issue,
    keys: readonly string[],
    { actor, now }: Doing,
  ): Promise<{ actionId: number; issueId: number }> {
    await this.cells.lock(tx, issue.projectId);
    const found = await this.store.cellsOfKeys(tx, issue.projectId, keys);
    const strange = keys.filter((key) => !found.some((one) => one.key === key && one.rootId === issue.id));
    if (strange.length > 0)
      throw new Problem(400, 'invalid', `fingerprints: issue ${issue.id} has no ${list(strange)}.`);
    const cells = new Map(found.map(({ cellId, homeId }) => [cellId, homeId]));
    const beside = await this.store.otherKeys(tx, [...cells.keys()], keys, NAMED);
    if (beside.length > 0)
      throw new Problem(
        409,
        'conflict',
        `fingerprints: these are counted together with ${list(beside)}; name all of them or none.`,
      );
    if (cells.size === (await this.store.countCells(tx, issue.id)))
      throw new Problem(409, 'conflict', `fingerprints: these are all that issue ${issue.id} has; leave at least one.`);
    const issueId = await this.openFor(tx, Math.min(...cells.keys()), now);
    for (const [cellId, homeId] of cells) await this.store.moveCells(tx, [cellId], homeId, issueId, now);
    const details = { kind: 'split', from: issue.id, to: issueId, cells: [...cells], fingerprints: keys } as const;
    return { actionId: await this.store.record(tx, issue.id, actor, details, now), issueId };
  }

  /** Sets the status; returns the action's id, undefined when nothing changes. */
  async decide(
    tx: Tx,
    issue: Issue,
    { status, inRelease, until, untilCustomers }: Decision,
    { actor, now }: Doing,
  ): Promise<number | undefined> {
    const before = await this.store.decision(tx, issue.id);
    if (!before || saysTheSame(before, { status, inRelease, until, untilCustomers })) return undefined;
    const ignored = status === 'ignored';
    if (ignored && before.status !== 'ignored') await this.ignored.reset(tx, issue.id);
    const resolved = status === 'resolved';
    const after: IssueDecision = {
      status,
      resolvedAt: resolved ? now.toISOString() : null,
      resolvedIn: inRelease ?? null,
      regressedAt: resolved ? null : before.regressedAt,
      regressedRelease: resolved ? null : before.regressedRelease,
      ignoredAt: ignored && before.status !== 'ignored' ? now.toISOString() : (before.ignoredAt ?? null),
      ignoredUntil: ignored ? (until?.toISOString() ?? null) : (before.ignoredUntil ?? null),
      ignoredUntilCustomers: ignored ? (untilCustomers ?? null) : (before.ignoredUntilCustomers ?? null),
    };
    await this.store.decide(tx, issue.id, after, now);
    return this.store.record(tx, issue.id, actor, { kind: 'status', before, after }, now);
  }

  /** Takes an action back. Refuses when what it did was changed by a later one: that one has to be undone first. */
  async undo(tx: Tx, id: number, { actor, now }: Doing): Promise<IssueAction> {
    const seen = await this.store.find(tx, id);
    if (!seen) throw notFound('action', String(id));
    await this.cells.lock(tx, await this.store.projectOf(tx, seen.issueId));
    const action = (await this.store.find(tx, id)) ?? seen;
    if (action.undoneAt) throw new Problem(409, 'conflict', `Action ${id} was undone by ${action.undoneBy}.`);
    const undone = await this.reverse(tx, action.issueId, action.details, now);
    if (!undone)
      throw new Problem(409, 'conflict', `What action ${id} did was changed since. Undo the later actions first.`);
    await this.store.markUndone(tx, id, actor, now);
    return { ...action, undoneAt: now, undoneBy: actor };
  }

  private async reverse(tx: Tx, issueId: number, details: ActionDetails, now: Date): Promise<boolean> {
    switch (details.kind) {
      case 'merge':
        return this.unmerge(tx, details, now);
      case 'split':
        return this.unsplit(tx, details, now);
      case 'status': {
        const stands = await this.store.decision(tx, issueId);
        if (stands?.status !== details.after.status || stands.resolvedAt !== details.after.resolvedAt) return false;
        await this.store.decide(tx, issueId, details.before, now);
        return true;
      }
    }
  }

  private async unmerge(tx: Tx, details: ActionDetails & { kind: 'merge' }, now: Date): Promise<boolean> {
    const there = await this.store.withRoot(tx, details.into);
    if (!details.moved.every((id) => there.includes(id))) return false;
    await this.store.changeRoot(tx, details.moved, details.into, details.from, now);
    return true;
  }

  /** The cells go back; the issue that they leave stands for the one that they go to, unless it has become more than they were. */
  private async unsplit(tx: Tx, { from, to, cells }: ActionDetails & { kind: 'split' }, now: Date): Promise<boolean> {
    for (const [cellId, homeId] of cells) {
      if ((await this.store.moveCells(tx, [cellId], to, homeId, now)) === 0)
        throw new Problem(409, 'conflict', 'What this action did was changed since. Undo the later actions first.');
    }
    const alone = await this.store.withRoot(tx, to);
    const target = await this.store.rootOf(tx, cells[0]?.[1] ?? from);
    if (alone.length === 1 && alone[0] === to && (await this.store.countCells(tx, to)) === 0)
      await this.store.changeRoot(tx, [to], to, target, now);
    return true;
  }

  private async openFor(tx: Tx, cellId: number, now: Date): Promise<number> {
    const look = await this.store.lookOf(tx, cellId);
    if (!look) throw new Error(`cell ${cellId} is gone`);
    return onlyRow(await this.cells.openIssues(tx, [look], now, true), 'the new issue');
  }
}

function saysTheSame(before: IssueDecision, { status, inRelease, until, untilCustomers }: Decision): boolean {
  if (before.status !== status || (before.resolvedIn ?? undefined) !== inRelease) return false;
  if (status !== 'ignored') return true;
  return (
    (before.ignoredUntil ?? undefined) === until?.toISOString() &&
    (before.ignoredUntilCustomers ?? undefined) === untilCustomers
  );
}

function list(keys: readonly string[]): string {
  const shown = keys.slice(0, NAMED).join(', ');
  return keys.length > NAMED ? `${shown} and ${keys.length - NAMED} more` : shown;
}
