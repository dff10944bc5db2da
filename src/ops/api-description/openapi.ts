import { z } from 'zod';
import { type Need, ROLE_EXTENSION } from '../../platform/auth/needs.js';
import { type Answering } from '../../platform/http/answers.js';
import { INTAKE_SCHEMAS, INTAKE_SUMMARIES } from './openapi-intake.js';
import { describeParameter, type Parameter } from './openapi-parameters.js';

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
  parameters?: Parameter[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content?: unknown }>;
}

/** As much of a document as is looked at here. */
interface Document {
  paths: object;
  components?: { schemas?: object };
}

/** A route as its method is described, and what it needs. */
export type Described = Answering & { readonly need: Need | undefined };

/** Descriptions of the routes, by operation id. */
export type Answerings = ReadonlyMap<string, Described>;

/** Adds to what the framework finds by itself: summaries, parameters in words, who may call, answers and errors. */
export function completeDocument<T extends Document>(document: T, answerings: Answerings): T {
  const named: Record<string, object> = {};
  const paths = Object.entries(document.paths).map(([path, item]: [string, Record<string, Operation>]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([method, operation]) => [
        method,
        complete(path, operation, answerings.get(operation.operationId), named),
      ]),
    ),
  ]);
  return {
    ...document,
    servers: [{ url: '/' }],
    paths: Object.fromEntries(paths) as object,
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...named, ...INTAKE_SCHEMAS, Problem: PROBLEM_SCHEMA },
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function complete(path: string, operation: Operation, said: Described | undefined, named: Record<string, object>) {
  const { operationId } = operation;
  const parameters = operation.parameters?.map((one) => ({ ...one, description: describeParameter(path, one) }));
  const common = { ...operation, parameters, tags: [operationId.split('.')[0]] };
  if (!said) return { ...common, summary: INTAKE_SUMMARIES[operationId] };
  return {
    ...common,
    [ROLE_EXTENSION]: said.need,
    summary: said.summary,
    security: said.need === 'public' ? [] : [{ token: [] }],
    ...(said.takes && {
      requestBody: { required: true, content: Object.fromEntries(said.takes.map((type) => [type, { schema: {} }])) },
    }),
    responses: responsesOf(operation, said, said.need !== 'public', named),
  };
}

function responsesOf(operation: Operation, said: Answering, guarded: boolean, named: Record<string, object>) {
  const { responses, parameters, requestBody } = operation;
  const checked =
    requestBody !== undefined || said.takes !== undefined || parameters?.some((one) => one.in === 'query');
  const [status = '200'] = Object.keys(responses);
  return {
    [status]: answerOf(said.answer, named),
    ...(checked && { '400': problem('Something in the request is wrong; `errors` names each field.') }),
    ...(guarded && { '401': problem('No token that works.'), '403': problem('The token has too weak a role.') }),
    ...(parameters?.some((one) => one.in === 'path') && { '404': problem('There is no such thing.') }),
    default: problem('Anything else that goes wrong.'),
  };
}

function answerOf(answer: Answering['answer'], named: Record<string, object>) {
  const description = 'Done.';
  if (answer === 'nothing') return { description };
  if ('type' in answer) return { description, content: { [answer.type]: { schema: { type: 'string' } } } };
  return { description, content: { 'application/json': { schema: schemaOf(answer.schema, named) } } };
}

/** A schema in OpenAPI's words; those with a name go into `named` and are referred to. */
function schemaOf(schema: z.ZodType, named: Record<string, object>): object {
  const made = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'output',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    },
  });
  const text = JSON.stringify(made).replaceAll('#/definitions/', '#/components/schemas/');
  const { definitions = {}, ...own } = JSON.parse(text) as {
    definitions?: Record<string, object>;
    id?: string;
  };
  for (const [name, definition] of Object.entries(definitions)) named[name] = withoutId(definition);
  const { id, ...rest } = own;
  if (id === undefined) return rest;
  named[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

/** The id is the name under which the schema stands. */
function withoutId(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id'));
}

function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}
