import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Access } from '../../platform/auth/access.js';
import { type CheckedRequest } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { messageOf } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { type AuditEntry, AuditStore } from './audit.store.js';

/** Days that entries are kept: a year and a month, so that a yearly review sees all of its year. */
const KEPT_DAYS = 400;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const BATCH = 1000;
/**
 * Kinds of refusals that one process holds between two runs: roles x methods x routes x statuses are some 400, and strangers cannot
 * add any, since a route that is not there is no refusal.
 */
const MAX_REFUSALS = 1000;
const REFUSED = new Set([401, 403]);

/**
 * Writes who changed what, and who was refused what. A change stands in the trail before it is answered; refusals are counted by the minute,
 * so that a flood of them is a few rows.
 */
@Injectable()
export class AuditTrail implements Stage {
  readonly name = 'audit-flush';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;
  private refusals = new Map<string, AuditEntry>();
  private readonly lost;

  constructor(
    private readonly store: AuditStore,
    private readonly access: Access,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.lost = metrics.counter(
      'audit_entries_lost_total',
      'Audit entries that could not be written; the log has them.',
      [],
    );
  }

  /** Watches every answer of the API. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', async (request, reply, payload) => {
      await this.note(request, reply);
      return payload;
    });
  }

  /** Writes the refusals of the last seconds and removes what is past its time. */
  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const refusals = [...this.refusals.values()];
    this.refusals = new Map();
    if (refusals.length > 0) await this.write(refusals);
    const removed = await this.store.forget(
      this.database.until(signal),
      new Date(now.getTime() - KEPT_DAYS * DAY_MS),
      BATCH,
    );
    return { worked: refusals.length + removed, more: removed === BATCH };
  }

  private async note(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const route = this.access.find(request);
    if (!route) return;
    const entry = this.entryOf(request, route.path, reply.statusCode);
    if (REFUSED.has(reply.statusCode)) this.count(entry);
    else if (route.method !== 'GET' && route.need !== 'public' && isChange(reply.statusCode)) {
      this.logger.info({ audit: entry }, `${entry.caller} called ${entry.method} ${entry.route}`);
      await this.write([entry]);
    }
  }

  private count(entry: AuditEntry): void {
    const minute = new Date(Math.floor(entry.at.getTime() / MINUTE_MS) * MINUTE_MS);
    const { caller, method, route, status } = entry;
    const key = JSON.stringify([minute.getTime(), caller, method, route, status]);
    const known = this.refusals.get(key);
    if (known) this.refusals.set(key, { ...known, count: known.count + 1 });
    else if (this.refusals.size < MAX_REFUSALS) {
      this.refusals.set(key, { ...entry, at: minute, params: {} });
      this.logger.warn({ audit: entry }, `${caller ?? 'somebody'} was refused ${method} ${route}`);
    } else this.lost.inc();
  }

  /** A change has happened by now, so a trail that cannot be written must not turn its answer into an error. */
  private async write(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await this.store.add(this.database, entries);
    } catch (error) {
      this.lost.inc(entries.length);
      this.logger.error({ err: error, audit: entries }, `audit entries could not be written: ${messageOf(error)}`);
    }
  }

  private entryOf(request: CheckedRequest, route: string, status: number): AuditEntry {
    return {
      at: this.clock.now(),
      caller: request.caller?.name ?? null,
      role: request.caller?.role ?? null,
      method: request.method,
      route,
      params: paramsOf(request.params),
      status,
      count: 1,
      request: request.id,
    };
  }
}

/** An answer after which something may have changed: also a fault of ours, half way. */
function isChange(status: number): boolean {
  return status < 400 || status >= 500;
}

/** Replaces a customer's id by the first 16 hex digits of its SHA-256, so that only those who know the id can find it. */
function paramsOf(params: unknown): Record<string, string> {
  if (typeof params !== 'object' || params === null) return {};
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => {
      const text = String(value).slice(0, 200);
      return [key, key === 'externalId' ? createHash('sha256').update(text).digest('hex').slice(0, 16) : text];
    }),
  );
}
