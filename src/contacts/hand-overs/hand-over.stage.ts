import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Projects } from '../../projects/project.registry.js';
import { signedHeaders, waitAfter } from '../algorithm/webhook.js';
import { shownContext } from '../context/context.answer.js';
import { CustomerContexts } from '../context/context.service.js';
import { HAND_OVERS_CONFIG, type HandOversConfig } from '../hand-overs-config.js';
import { ContactStore } from '../record/contact.store.js';
import { HandOverStore, type HeldHandOver } from './hand-over.store.js';

const BATCH = 10;
/** Longest that one call may take, and how long a worker holds what it claimed, milliseconds: a batch of calls that all take their time. */
const CALL_MS = 10_000;
const LEASE_MS = 60_000;

/**
 * Tells the webhook of hand-overs with all that is known of the customer. A hand-over is told until the webhook answers 2xx or somebody closes it:
 * after a crash again under the same `webhook-id`, by which the receiver knows it.
 */
@Injectable()
export class HandOverStage implements Stage {
  readonly name = 'hand-over';
  readonly pauseMs = 2000;
  readonly limitMs = 60_000;
  private readonly calls;

  constructor(
    @Inject(HAND_OVERS_CONFIG) private readonly config: HandOversConfig,
    private readonly store: HandOverStore,
    private readonly contacts: ContactStore,
    private readonly contexts: CustomerContexts,
    private readonly projects: Projects,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.calls = metrics.counter('hand_over_calls_total', 'Calls of the hand-over webhook by result.', ['result']);
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const { webhook } = this.config;
    if (!webhook) return IDLE;
    const database = this.database.until(signal);
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    const held = await database.transaction((tx) => this.store.claim(tx, now, leaseUntil, BATCH));
    await Promise.all(held.map((one) => this.tell(one, webhook, now, signal)));
    return { worked: held.length, more: held.length === BATCH };
  }

  private async tell(
    one: HeldHandOver,
    webhook: NonNullable<HandOversConfig['webhook']>,
    now: Date,
    signal: AbortSignal,
  ): Promise<void> {
    const body = JSON.stringify(await this.content(one, now));
    const headers = signedHeaders(one.webhookId, now, body, webhook.secret);
    const failure = await call(webhook.url, headers, body, signal);
    this.calls.inc({ result: failure === undefined ? 'ok' : 'error' });
    if (failure === undefined) return this.store.delivered(this.database, one, now);
    this.logger.warn(
      { handOverId: one.id, attempts: one.attempts, failure },
      'the hand-over webhook did not answer 2xx',
    );
    const nextAt = new Date(now.getTime() + waitAfter(one.attempts) * 1000);
    return this.store.failed(this.database, one, failure, nextAt);
  }

  private async content(one: HeldHandOver, now: Date): Promise<object> {
    const contact = one.contactId === null ? undefined : await this.contacts.find(this.database, one.contactId);
    const context =
      one.customerId === null
        ? undefined
        : shownContext(
            await this.contexts.of(this.database, one.customerId, now),
            (projectId) => this.projects.find(projectId)?.slug,
          );
    return {
      type: 'handover.created',
      timestamp: one.createdAt.toISOString(),
      data: {
        id: String(one.id),
        channel: one.channel,
        reason: one.reason,
        text: one.text ?? contact?.text ?? null,
        locale: one.locale,
        contact: contact
          ? { id: String(contact.id), channel: contact.channel, externalId: contact.externalId, at: contact.at }
          : null,
        incidentId: one.incidentId === null ? null : String(one.incidentId),
        context: context ?? null,
      },
    };
  }
}

/** Makes one call; undefined for a 2xx, else a short code. Redirects are not followed: they could lead anywhere, with the customer's data. */
async function call(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: stop });
    await answer.body?.cancel();
    return answer.ok ? undefined : `http ${answer.status}`;
  } catch (error) {
    const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
    return typeof cause?.code === 'string' ? cause.code.slice(0, 40) : (name ?? 'error').slice(0, 40);
  }
}
