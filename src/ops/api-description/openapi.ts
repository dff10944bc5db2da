import { INTAKE_SCHEMAS, INTAKE_SUMMARIES } from './openapi-intake.js';

/** What each operation does, in words, by operation id. A route that is not here fails the test of the document. */
export const SUMMARIES: Readonly<Record<string, string>> = {
  'Audit.list': 'List who changed what and who was refused what, newest first',
  ...INTAKE_SUMMARIES,
  'Poison.list': 'List events that could not be digested and were set aside, newest first',
  'Poison.replay': 'Digest an event again that was set aside',
  'Projects.list': 'List the projects with what an app needs to send events',
  'Keys.list': 'List the keys of a project',
  'Keys.create': 'Make a key of a project',
  'Keys.change': 'Change the origins or limits of a key',
  'Keys.revoke': 'Revoke a key',
  'Releases.list': 'Show how stable each release is',
  'Customers.put': 'Make or change a customer',
  'Customers.get': 'Show a customer',
  'Customers.erase': 'Erase a customer',
  'Customers.import': 'Import customers from CSV or NDJSON',
  'Issues.list': 'List known issues, newest first',
  'Issues.get': 'Show an issue with its fingerprints and newest samples',
  'Issues.patch': 'Resolve, ignore or open an issue',
  'Issues.customers': 'List whom an issue hit, with the evidence',
  'Detections.list': 'List what was out of the ordinary, newest first',
  'Series.get': 'What a series counted by hour or day',
  'Grouping.listRules': 'List the rules of the configuration with what each ignored',
  'Grouping.tryRules': 'Say what rules would do to recent samples',
  'Grouping.merge': 'Make an issue part of another',
  'Grouping.split': 'Make some fingerprints of an issue an issue of their own',
  'Grouping.listActions': 'List what people did to an issue, newest first',
  'Grouping.undo': 'Take a merge, a split or a change of status back',
  'Grouping.listLinks': 'List issues that may be the same fault',
  'Grouping.confirm': 'Say that two linked issues are one fault',
  'Grouping.reject': 'Say that two linked issues are different faults',
  'Grouping.undoLink': 'Take a confirmation or a rejection back',
  'Incidents.list': 'List incidents, newest first',
  'Incidents.create': 'Open an incident by hand',
  'Incidents.get': 'Show an incident with its timeline',
  'Incidents.patch': 'Acknowledge, mitigate, resolve or rename an incident',
  'Incidents.attachIssue': 'Attach an issue to an incident',
  'Incidents.detachIssue': 'Detach an issue from an incident',
  'Incidents.merge': 'Make an incident part of another',
  'Silences.list': 'List silences with what they stopped',
  'Silences.get': 'Show a silence with what it stopped',
  'Silences.create': 'Keep incidents and messages back for a time',
  'Silences.end': 'End a silence now',
  'Backtest.run': 'Replay stored history under other thresholds',
  'Alertmanager.notify': 'Take a notification from Alertmanager',
  'Audience.list': 'List whom an incident concerns, with the evidence',
  'Explanations.list': 'List the explanations of an incident',
  'Explanations.put': 'Write the explanation in one language',
  'Explanations.forBot': 'What a bot may say now, the customer’s own incidents first',
  'Campaigns.list': 'List campaigns, newest first',
  'Campaigns.get': 'Show a campaign with its messages counted',
  'Campaigns.approve': 'Let a campaign go out',
  'Campaigns.pause': 'Hold a campaign',
  'Campaigns.resume': 'Take a paused campaign up again',
  'Campaigns.cancel': 'End a campaign; what waits is never sent',
  'Campaigns.messagesOf': 'List the messages of a campaign',
  'Campaigns.preview': 'Show what would be sent now',
  'Campaigns.settle': 'Settle a message in doubt after a look at the provider',
  'CustomerPage.page': 'The customer’s own page about an incident',
  'CustomerPage.unsubscribe': 'Unsubscribe with one click',
  'Outbox.page': 'What would have been sent, while no provider is set',
  'TwilioStatus.status': 'Take a status report from Twilio',
  'Health.healthz': 'Whether the process runs',
  'Health.readyz': 'Whether it can take work now',
  'Health.scrape': 'Metrics for Prometheus',
  'OpenApi.document': 'This document',
};

/** Answers that are not JSON, by operation id. */
const CONTENT: Readonly<Record<string, string>> = {
  'CustomerPage.page': 'text/html',
  'CustomerPage.unsubscribe': 'text/html',
  'Outbox.page': 'text/html',
  'Health.scrape': 'text/plain',
};

/** Bodies that no schema stands at, by operation id. */
const BODIES: Readonly<Record<string, readonly string[]>> = {
  'Customers.import': ['text/csv', 'application/x-ndjson'],
  'TwilioStatus.status': ['application/x-www-form-urlencoded'],
};

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'Problem details, RFC 9457.',
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, detail: { type: 'string' } },
        required: ['path', 'detail'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail'],
};
const SECURITY_SCHEMES = {
  token: { type: 'http', scheme: 'bearer', description: 'A token of "forewarn token create".' },
  projectKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'The public key of a project; Sentry SDKs send it their way.',
  },
};

interface Operation {
  operationId: string;
  summary?: string;
  security?: unknown;
  parameters?: { in: string; name: string; required?: boolean }[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content?: unknown }>;
  'x-forewarn-role'?: string;
}

/** As much of a document as is looked at here. */
interface Document {
  paths: object;
  components?: { schemas?: object };
}

/** Adds to what the framework finds by itself: summaries, who may call, and how errors look. */
export function completeDocument<T extends Document>(document: T): T {
  const paths = Object.entries(document.paths).map(([path, item]: [string, Record<string, Operation>]) => [
    path,
    Object.fromEntries(Object.entries(item).map(([method, operation]) => [method, complete(operation)])),
  ]);
  return {
    ...document,
    servers: [{ url: '/' }],
    paths: Object.fromEntries(paths) as object,
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...INTAKE_SCHEMAS, Problem: PROBLEM_SCHEMA },
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function complete(operation: Operation): Operation {
  const { operationId } = operation;
  const role = operation['x-forewarn-role'];
  const types = BODIES[operationId];
  const known = operation.security !== undefined;
  return {
    ...operation,
    summary: SUMMARIES[operationId],
    tags: [operationId.split('.')[0]],
    security: known ? operation.security : role === 'public' ? [] : [{ token: [] }],
    ...(types && {
      requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema: {} }])) },
    }),
    responses: known ? operation.responses : responsesOf(operation, role !== 'public'),
  } as Operation;
}

function responsesOf({ operationId, responses, parameters, requestBody }: Operation, guarded: boolean) {
  const checked = requestBody !== undefined || parameters?.some((one) => one.in === 'query');
  const named = parameters?.some((one) => one.in === 'path');
  const answered = Object.entries(responses).map(([status, response]) => [
    status,
    answerOf(operationId, status, response),
  ]);
  return {
    ...(Object.fromEntries(answered) as Operation['responses']),
    ...(checked && { '400': problem('Something in the request is wrong; `errors` names each field.') }),
    ...(guarded && { '401': problem('No token that works.'), '403': problem('The token has too weak a role.') }),
    ...(named && { '404': problem('There is no such thing.') }),
    default: problem('Anything else that goes wrong.'),
  };
}

function answerOf(operationId: string, status: string, { description }: { description: string }) {
  if (status === '204') return { description: description || 'Done.' };
  const type = CONTENT[operationId];
  const schema = type ? { type: 'string' } : { type: 'object' };
  return { description: description || 'Done.', content: { [type ?? 'application/json']: { schema } } };
}

function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}
