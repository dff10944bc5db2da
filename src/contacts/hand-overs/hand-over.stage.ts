import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Projects } from '../../projects/project.registry.js';
import { waitAfter } from '../algorithm/webhook.js';
import { shownContext } from '../context/context.answer.js';
import { CustomerContexts } from '../context/context.service.js';
import { DeskFailure, type Desk, type ToldHandOver } from '../desks/desk.js';
import { deskOf } from '../desks/desk.factory.js';
import { HAND_OVERS_CONFIG, type HandOversConfig } from '../hand-overs-config.js';
import { ContactStore } from '../record/contact.store.js';
import { HandOverStore, type HeldHandOver } from './hand-over.store.js';

const BATCH = 10;
/** How long a worker holds what it claimed, milliseconds: longer than the six calls, of ten seconds at most, that one hand-over can take. */
const LEASE_MS = 90_000;

/**
 * Tells the desk of hand-overs with all that is known of the customer. A hand-over is told until the desk has it or somebody closes it: after a
 * crash again under the same id, by which the desk knows it.
 */
@Injectable()
export class HandOverStage implements Stage {
  readonly name = 'hand-over';
  readonly pauseMs = 2000;
  readonly limitMs = 90_000;
  private readonly calls;
  private readonly desk: Desk | undefined;

  constructor(
    @Inject(HAND_OVERS_CONFIG) config: HandOversConfig,
    private readonly store: HandOverStore,
    private readonly contacts: ContactStore,
    private readonly contexts: CustomerContexts,
    private readonly projects: Projects,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.desk = deskOf(config);
    this.calls = metrics.counter('hand_over_calls_total', 'Hand-overs told to the desk by result.', ['result']);
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const { desk } = this;
    if (!desk) return IDLE;
    const database = this.database.until(signal);
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    const held = await database.transaction((tx) => this.store.claim(tx, now, leaseUntil, BATCH));
    await Promise.all(held.map((one) => this.tell(one, desk, now, signal)));
    return { worked: held.length, more: held.length === BATCH };
  }

  private async tell(one: HeldHandOver, desk: Desk, now: Date, signal: AbortSignal): Promise<void> {
    try {
      await desk.tell(await this.told(one, now), now, signal);
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      this.calls.inc({ result: 'error' });
      const { id: handOverId, attempts } = one;
      this.logger.warn({ handOverId, attempts, failure: error.code }, 'the desk did not take a hand-over');
      return this.store.failed(this.database, one, error.code, new Date(now.getTime() + waitAfter(attempts) * 1000));
    }
    this.calls.inc({ result: 'ok' });
    return this.store.delivered(this.database, one, now);
  }

  private async told(one: HeldHandOver, now: Date): Promise<ToldHandOver> {
    const contact = one.contactId === null ? undefined : await this.contacts.find(this.database, one.contactId);
    const context = one.customerId === null ? undefined : await this.contexts.of(this.database, one.customerId, now);
    const customer = context?.customer;
    return {
      ...{ id: one.id, webhookId: one.webhookId, createdAt: one.createdAt, channel: one.channel, reason: one.reason },
      ...{ text: one.text ?? contact?.text ?? null, locale: one.locale, incidentId: one.incidentId },
      contact: contact
        ? { id: contact.id, channel: contact.channel, externalId: contact.externalId, at: contact.at }
        : null,
      customer: customer
        ? { externalId: customer.externalId, name: customer.name, email: customer.email, phone: customer.phone }
        : null,
      context: (context && shownContext(context, (projectId) => this.projects.find(projectId)?.slug)) ?? null,
    };
  }
}
