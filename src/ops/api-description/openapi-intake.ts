import { PROTOCOLS, type ProtocolRoute, ROUTES } from '../../events/protocols.js';

/**
 * The paths of intake, in OpenAPI's words. They stand before the web framework, past the controllers from which the rest of the
 * document is made, so they are made from the protocols; a test compares them with the routes.
 */

const REFUSALS: Readonly<Record<string, string>> = {
  '400': 'The body cannot be read; `detail` says why.',
  '403': 'There is no key, or it does not open this project.',
  '413':
    'The body is larger than 20 MB, as sent or decompressed, or holds more than 8 MB or 300,000 values in one text, or more than 10,000 events of the native format.',
  '415':
    'The Content-Encoding is not one of gzip, deflate and br, or the Content-Type is not one that this path takes.',
  '503': 'The events could not be committed; send them again after Retry-After.',
};
const TEXT = { type: 'string' } as const;

/** Paths as they stand in the document. */
export const INTAKE_PATHS = Object.fromEntries(ROUTES.map((route) => [route.path, { post: operationOf(route) }]));

/** Summaries of the operations by operation id. */
export const INTAKE_SUMMARIES = Object.fromEntries(ROUTES.map(({ id, summary }) => [id, summary]));

/** Schemas of what intake answers. */
export const INTAKE_SCHEMAS = {
  ...Object.assign({}, ...PROTOCOLS.map(({ schemas }) => schemas)),
  Refused: {
    type: 'object',
    properties: { detail: TEXT, causes: { type: 'array', items: TEXT } },
    required: ['detail'],
  },
} as Readonly<Record<string, object>>;

function operationOf({ id, path, takes, success, refusal = 'Refused', binary }: ProtocolRoute) {
  const bytes = Object.fromEntries(takes.map((type) => [type, { schema: {} }]));
  const content = (name: string) => ({
    ...json(name),
    ...(binary !== undefined && { [binary]: { schema: { ...TEXT, format: 'binary' } } }),
  });
  const refused = Object.entries(REFUSALS).map(([status, why]) => [
    status,
    { description: why, content: content(refusal) },
  ]);
  return {
    operationId: id,
    parameters: [...path.matchAll(/(?<=\{)\w+(?=\})/g)].map(([name]) => {
      return { name, in: 'path' as const, required: true, schema: { ...TEXT } };
    }),
    requestBody: { required: true, content: bytes },
    responses: {
      '200': { description: success.description, content: content(success.schema) },
      ...(Object.fromEntries(refused) as Readonly<Record<string, { description: string }>>),
    },
    security: [{ projectKey: [] }],
    'x-forewarn-role': 'ingest',
  };
}

function json(schema: string) {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
}
