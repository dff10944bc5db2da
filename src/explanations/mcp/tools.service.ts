import { Injectable } from '@nestjs/common';
import { type CallToolResult, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { Problem } from '../../platform/errors.js';
import { type AnswerItem, Answers } from '../answers/answers.service.js';
import { HandOverDesk } from '../hand-over-desk.service.js';
import { Matching } from '../outcomes/matching.service.js';
import { Outcomes } from '../outcomes/outcomes.service.js';

/** Seconds for which an agent may use an answer again: a conversation's turn or two. Chosen by judgement, not measured. */
/** Incidents that a list holds; those that concern the customer most. */
const MOST_LISTED = 20;
const TTL_S = 60;
const TTL = { ttlMs: TTL_S * 1000, cacheScope: 'private' } as const;

/** Caller of a tool. */
export interface ToolCaller {
  readonly name: string;
  /** Slug of the one project that it may ask about, undefined for all. */
  readonly project: string | undefined;
}

const text = (longest: number) => z.string().trim().min(1).max(longest);
const customerId = text(200).optional().describe('The app’s own id of the customer. Always give it when you know it.');
const locale = text(35)
  .optional()
  .describe('Language of the answer, like en or zh-CN; the customer’s own when left out.');
const directory = text(200).optional().describe('List of customers that the id is of, where there are several.');
const project = text(100).optional().describe('Slug of the app; all when left out.');
/** Tools of the Model Context Protocol on the same services as the bot API. Stateless: each request has a server of its own. */
@Injectable()
export class McpTools {
  constructor(
    private readonly answers: Answers,
    private readonly matching: Matching,
    private readonly outcomes: Outcomes,
    private readonly desk: HandOverDesk,
  ) {}

  /** Makes a server for one request. Loads the protocol with the first: many installations have no agents. */
  async serverFor(caller: ToolCaller): Promise<McpServer> {
    const { McpServer } = await import('@modelcontextprotocol/server');
    const server = new McpServer(
      { name: 'forewarn', version: '1' },
      {
        instructions:
          'Says what is wrong for a customer right now, and what to say. Ask with customer_id. Say nothing of an incident where match is none. Where hit is false, keep the "if" of the words.',
        cacheHints: { 'tools/list': { ttlMs: 3_600_000, cacheScope: 'private' } },
      },
    );
    this.addList(server, caller);
    this.addFind(server, caller);
    this.addGet(server, caller);
    this.addReport(server, caller);
    server.registerTool(
      'hand_over',
      {
        description: 'Hands a customer to a human with the whole story. Then show them say_to_customer.',
        inputSchema: z.object({
          customer_id: customerId,
          answer_id: text(200).optional(),
          reason: text(2000).optional().describe('Why, or what was said so far.'),
          project,
          directory,
          locale,
        }),
      },
      ({ customer_id, answer_id, reason, ...rest }) =>
        attempt(async () => {
          const slug = scoped(caller, rest.project);
          if (answer_id !== undefined) await this.outcomes.report(answer_id, 'handedOff', caller.name, caller.project);
          const passed = await this.desk.pass({
            ...(rest.directory !== undefined && { directory: rest.directory }),
            ...(rest.locale !== undefined && { locale: rest.locale }),
            ...(slug !== undefined && { project: slug }),
            ...(customer_id !== undefined && { customer: customer_id }),
            ...(reason !== undefined && { text: reason }),
            by: caller.name,
          });
          const { id, state, line, repeated } = passed;
          return { hand_over_id: id, state, say_to_customer: line, repeated };
        }),
    );
    return server;
  }

  private addList(server: McpServer, caller: ToolCaller): void {
    server.registerTool(
      'list_active_incidents',
      {
        description: 'Lists what is wrong now, and what was fixed lately: the customer’s own incidents first.',
        inputSchema: z.object({ customer_id: customerId, project, directory, locale }),
        annotations: { readOnlyHint: true },
      },
      ({ customer_id, ...rest }) =>
        attempt(async () => {
          const asker = await this.answers.asker({
            ...rest,
            customer: customer_id,
            project: scoped(caller, rest.project),
          });
          const customer = asker.facts.customerId === null ? 'unknown' : 'known';
          return {
            customer,
            incidents: this.answers.items(asker, { limit: MOST_LISTED }).map(incidentOf),
            ttl_s: TTL_S,
          };
        }),
    );
  }

  private addFind(server: McpServer, caller: ToolCaller): void {
    server.registerTool(
      'find_incident',
      {
        description:
          'Finds the incident that a customer’s own words are about. match is none when nothing fits: then say nothing of incidents.',
        inputSchema: z.object({ text: text(2000), customer_id: customerId, project, directory, locale }),
      },
      ({ text: words, customer_id, ...rest }) =>
        attempt(async () => {
          const asking = { ...rest, customer: customer_id, project: scoped(caller, rest.project) };
          const { customer, match, items } = await this.matching.match(words, asking);
          const [best, ...others] = items;
          return {
            customer,
            match,
            incident: best ? incidentOf(best) : null,
            why: best ? { hit_by_telemetry: best.hit, text_score: best.score } : null,
            already_told: best?.told.at(-1) ?? null,
            answer_id: best?.answerId ?? null,
            others: others.map(incidentOf),
            ttl_s: TTL_S,
          };
        }),
    );
  }

  private addGet(server: McpServer, caller: ToolCaller): void {
    server.registerTool(
      'get_explanation',
      {
        description: 'Gives the explanation of one incident, worded for the customer.',
        inputSchema: z.object({ incident_id: text(20), customer_id: customerId, directory, locale }),
        annotations: { readOnlyHint: true },
      },
      ({ incident_id, customer_id, ...rest }) =>
        attempt(async () => {
          const asker = await this.answers.asker({ ...rest, customer: customer_id, project: caller.project });
          const [item] = this.answers.items(asker, { only: new Set([Number(incident_id)]) });
          if (!item) throw new Problem(404, 'not-found', `There is no incident ${incident_id} to tell of.`);
          return { incident: incidentOf(item), answer_id: item.answerId, ttl_s: TTL_S };
        }),
    );
  }

  private addReport(server: McpServer, caller: ToolCaller): void {
    server.registerTool(
      'report_outcome',
      {
        description: 'Reports whether an answer helped the customer. The same again changes nothing.',
        inputSchema: z.object({ answer_id: text(200), outcome: z.enum(['helped', 'not', 'handed_off']) }),
        annotations: { idempotentHint: true },
      },
      ({ answer_id, outcome }) =>
        attempt(async () => {
          const said = outcome === 'handed_off' ? 'handedOff' : outcome;
          const { incidentId } = await this.outcomes.report(answer_id, said, caller.name, caller.project);
          return { incident_id: incidentId, outcome };
        }),
    );
  }
}

/** @throws Problem 403 for the project of somebody else */
function scoped(caller: ToolCaller, wanted: string | undefined): string | undefined {
  if (caller.project !== undefined && wanted !== undefined && wanted !== caller.project)
    throw new Problem(403, 'forbidden', `This token is for the project ${caller.project} alone.`);
  return caller.project ?? wanted;
}

/** An answer in the names of the protocol's field. */
function incidentOf(item: AnswerItem): Record<string, unknown> {
  return {
    id: item.incidentId,
    answer_id: item.answerId,
    project: item.project,
    area: item.area,
    status: item.state,
    fixed_at: item.fixedAt,
    hit: item.hit,
    concern: item.concern,
    evidence: item.evidence,
    already_told: item.told,
    locale: item.locale,
    review_state: item.reviewState,
    title: item.title,
    explanation: item.body,
    workaround: item.workaround,
    next_update: item.nextUpdate,
    eta: item.nextUpdateAt,
    updates: item.updates,
  };
}

/** Runs a tool: a mistake of the caller is a result that says so, a fault of ours stays one. */
async function attempt(work: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const result = JSON.parse(JSON.stringify(await work())) as Record<string, unknown>;
    return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result, _meta: { ...TTL } };
  } catch (error) {
    if (error instanceof Problem) return failed(error.message);
    throw error;
  }
}

function failed(words: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: words }] };
}
