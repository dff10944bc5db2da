import { type Channel } from '../../customers/customer.js';
import { rejected, resultOf, retry, type Verdict, WAIT } from '../algorithm/verdict.js';
import { type HttpGatewayConfig } from '../delivery-config.js';
import {
  type ApprovedTemplate,
  type Gateway,
  type OutgoingMessage,
  type ReconcileResult,
  type SendResult,
} from '../gateway.js';
import { callOnce, codeOfCall, verdictOf } from './http-call.js';
import { fill, type TemplateValue, valueAt, WRITERS } from './http-template.js';

/** Kinds of bodies with their type. */
const TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
};

/** Any provider with an HTTP API, by configuration: address, headers and body as templates, and how to read its answer. One call a message. */
export class HttpGateway implements Gateway {
  readonly name: string;
  readonly channel: Channel;
  readonly parallel = 10;

  constructor(private readonly config: HttpGatewayConfig) {
    this.name = config.name;
    this.channel = config.channel;
  }

  async send(message: OutgoingMessage, now: Date): Promise<SendResult> {
    if (message.validUntil && message.validUntil <= now) return resultOf(rejected('expired', 'message'), '', now);
    const { method, encoding, idempotent } = this.config;
    const values = valuesOf(message, now);
    const headers = Object.entries(this.config.headers).map(
      ([name, text]) => [name.toLowerCase(), fill(text, values, WRITERS.header)] as const,
    );
    const body = this.config.body === undefined ? undefined : fill(this.config.body, values, WRITERS[encoding]);
    const called = await callOnce({
      url: fill(this.config.url, values, encodeURIComponent),
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': TYPES[encoding] }), ...Object.fromEntries(headers) },
      ...(method === 'GET' ? {} : { body }),
    });
    const answer = called.kind === 'answered' ? parsed(called.body) : undefined;
    const said =
      this.config.answer.status === undefined ? undefined : codeOf(valueAt(answer, this.config.answer.status));
    const verdict = this.byCode(said) ?? verdictOf(called, idempotent) ?? this.bySuccess(said);
    if (verdict)
      return resultOf(
        verdict,
        message.messageId,
        now,
        said === undefined ? codeOfCall(called) : `${this.name} ${wordOf(said)}`,
      );
    const id = this.config.answer.id === undefined ? undefined : valueAt(answer, this.config.answer.id);
    return {
      kind: 'sent',
      providerId: typeof id === 'string' || typeof id === 'number' ? String(id).slice(0, 200) : message.messageId,
    };
  }

  /** Meaning that the configuration gives to a code in the answer, whatever its HTTP status. */
  private byCode(said: string | undefined): Verdict | undefined {
    const outcome = said === undefined ? undefined : this.config.answer.codes[said];
    if (!outcome) return undefined;
    if ('retry' in outcome) return retry(outcome.retry, WAIT.busy);
    if (outcome.stop) return rejected(outcome.refused, 'setup');
    return rejected(outcome.refused, 'recipient', outcome.suppress ? 'suppress' : undefined);
  }

  /** A success of HTTP whose answer is none of those that mean success is a refusal. */
  private bySuccess(said: string | undefined): Verdict | undefined {
    const { ok } = this.config.answer;
    return ok === undefined || ok.some((one) => String(one) === said) ? undefined : rejected('refused', 'message');
  }

  /** Such APIs differ in how they list messages; what is in doubt waits for a report or a person. */
  reconcile(): Promise<ReconcileResult> {
    return Promise.resolve({ kind: 'unknown' });
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

function valuesOf(message: OutgoingMessage, now: Date): Partial<Record<TemplateValue, string>> {
  const { messageId, to, text, locale, validUntil, template } = message;
  const own = message.channel === 'email' ? { subject: message.subject, html: message.html } : {};
  const validSeconds = validUntil && String(Math.floor((validUntil.getTime() - now.getTime()) / 1000));
  return { messageId, to, text, locale, validSeconds, ...own, ...(template && approvedValues(template)) };
}

/** An approved text in each form that providers ask for. */
function approvedValues({ id, parameters }: ApprovedTemplate): Partial<Record<TemplateValue, string>> {
  const each = Object.entries(parameters).map(([name, value]) => [`parameter.${name}`, value] as const);
  const object = JSON.stringify(parameters);
  return {
    templateId: id,
    templateParameters: object,
    templateObject: object,
    templateList: JSON.stringify(Object.values(parameters)),
    ...Object.fromEntries(each),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A code in an answer as text; undefined for what is none. */
function codeOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** A code of the provider for logs; a longer text could name people. */
function wordOf(said: string): string {
  return said.replace(/[^\w.-]/g, '').slice(0, 40);
}
