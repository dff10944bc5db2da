import { Inject, Injectable } from '@nestjs/common';
import { Detections } from '../../detection/public.js';
import { asksForHelp } from '../../outreach/campaign.js';
import { POLICIES_CONFIG, type Policy } from '../../outreach/policy.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Problem } from '../../platform/errors.js';
import { wake } from '../../platform/stages/wake.js';
import { Projects } from '../../projects/project.registry.js';
import { findContactFaults, HISTORY_MS, type UnmatchedContact, WINDOW_MS } from '../algorithm/contact-fault.v1.js';
import { saysYes, wantsHelp, wantsPerson } from '../algorithm/wants-person.js';
import { HandOvers } from '../hand-overs/hand-overs.service.js';
import { ContactRecorder } from '../record/contacts.service.js';
import { ContactFaultStore, type ReplyRow } from './contact-fault.store.js';

const BATCH = 200;

/**
 * Takes what app users wrote into feedback forms as contacts, and calls contacts in the same words that fit no incident. One process at a time works
 * under a lock; a contact is marked in the transaction that calls its fault, so a second run calls nothing again.
 */
@Injectable()
export class ContactFaultStage implements Stage {
  readonly name = 'contacts';
  readonly pauseMs = 15_000;
  readonly limitMs = 60_000;

  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly store: ContactFaultStore,
    private readonly recorder: ContactRecorder,
    private readonly handOvers: HandOvers,
    private readonly detections: Detections,
    private readonly projects: Projects,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    return database.transaction(async (tx) => {
      if (!(await tx.tryLock('contacts'))) return IDLE;
      const taken = await this.takeFeedback(tx, now);
      const replied = await this.takeReplies(tx, now);
      const attached = await this.store.attach(tx);
      const called = await this.call(tx, now);
      return { worked: taken + replied + attached + called, more: taken === BATCH || replied === BATCH };
    });
  }

  private async takeFeedback(tx: Tx, now: Date): Promise<number> {
    const rows = await this.store.feedback(tx, BATCH);
    for (const row of rows) await this.recorder.keepFeedback(tx, row, now);
    const last = rows.at(-1);
    if (last) await this.store.feedbackDone(tx, last.id);
    return rows.length;
  }

  /** Takes replies as contacts. Who asks for help or a person in one is given to a person; who has caused too many waits as a contact alone. */
  private async takeReplies(tx: Tx, now: Date): Promise<number> {
    const { upTo, rows } = await this.store.replies(tx, BATCH);
    if (upTo === null) return 0;
    for (const row of rows) {
      const asked = this.wasAsked(row);
      // Providers take YES for START; it is an answer to our question where we asked one, and nothing to a person otherwise.
      if (row.isStart && !(asked && saysYes(row.text))) continue;
      const contact = await this.recorder.keepReply(tx, row, now);
      const answersMail = asked && row.channel === 'email';
      const answersYes = asked && saysYes(row.text);
      if (!answersMail && !answersYes && !row.needsHelp && !wantsPerson(row.text) && !wantsHelp(row.text)) continue;
      const order = { contactId: contact.id, channel: contact.channel, reason: 'asked' as const };
      await this.handOvers.keep(tx, order, 'forewarn', now).catch(unlessTooMany);
    }
    await this.store.repliesDone(tx, upTo);
    return Math.max(1, rows.length);
  }

  /** True where the message that a reply answers asked whether the customer needs help. A mail asks for any answer. */
  private wasAsked({ policy, kind, audience }: ReplyRow): boolean {
    if (kind === null || audience === null || !asksForHelp({ kind, audience })) return false;
    return this.policies.some(({ name, askForHelp }) => name === policy && askForHelp);
  }

  /** Calls faults project by project; what names no project counts for the first one, since a verdict needs one. */
  private async call(tx: Tx, now: Date): Promise<number> {
    const since = new Date(now.getTime() - WINDOW_MS);
    const recent = await this.store.unmatched(tx, since, new Date(now.getTime() + 1), true);
    if (recent.length === 0) return 0;
    const before = await this.store.unmatched(tx, new Date(since.getTime() - HISTORY_MS), since, false);
    const [first] = this.projects.list();
    let called = 0;
    for (const project of this.projects.list()) {
      const own = (rows: typeof recent) =>
        rows.filter(({ projectId }) => (projectId ?? first?.id) === project.id).map(plain);
      for (const fault of findContactFaults(own(recent), own(before), now.getTime())) {
        const series = `contacts:${fault.ids[0]}`;
        const { expected, customers, unlikeliness, words } = fault;
        await this.detections.report(tx, {
          ...{ projectId: project.id, issueId: null, series, kind: 'contacts' as const },
          since: new Date(fault.since),
          detectedAt: now,
          evidence: {
            expected,
            seen: customers,
            unit: 'customers',
            unlikeliness,
            customers,
            windowMs: WINDOW_MS,
            words,
          },
        });
        await this.store.mark(tx, fault.ids, series);
        called++;
      }
    }
    if (called > 0) await wake(tx, 'incident-open');
    return called;
  }
}

function unlessTooMany(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 429) throw error;
}

function plain(row: {
  readonly id: number;
  readonly customerId: number | null;
  readonly channel: string;
  readonly text: string;
  readonly at: Date;
}): UnmatchedContact {
  const who = row.customerId === null ? `contact ${row.id}` : String(row.customerId);
  return { id: row.id, who, channel: row.channel, text: row.text, at: row.at.getTime() };
}
