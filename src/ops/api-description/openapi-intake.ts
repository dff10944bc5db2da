/**
 * The paths of intake, in OpenAPI's words. They stand before the web framework, past the controllers from which the rest of the
 * document is made, so they stand here by hand; a test compares them with the routes.
 */

const ROLE = { 'x-forewarn-role': 'ingest' } as const;
const SECURITY = [{ projectKey: [] }];
const REFUSED = {
  '400': answer('The body cannot be read; `detail` says why.', 'Refused'),
  '403': answer('There is no key, or it does not open this project.', 'Refused'),
  '413': answer(
    'The body is larger than 20 MB, as sent or decompressed, or holds more than 10,000 events of the native format.',
    'Refused',
  ),
  '415': answer('The Content-Encoding is not one of gzip, deflate and br.', 'Refused'),
  '503': answer('The events could not be committed; send them again after Retry-After.', 'Refused'),
} as const;
const PROJECT_ID = { name: 'projectId', in: 'path', required: true, schema: { type: 'string' } } as const;
const TEXT = { type: 'string' } as const;
const COUNT = { type: 'integer', minimum: 0 } as const;

function answer(description: string, schema: string) {
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } };
}

function body(...types: string[]) {
  const content = Object.fromEntries(types.map((type) => [type, { schema: {} }]));
  return { required: true, content };
}

function otlp(signal: 'logs' | 'traces') {
  const description = 'Every error is committed; records that cannot be read are told as a partial success.';
  const types = ['application/json', 'application/x-protobuf'];
  const { content } = body(...types);
  const refused = Object.fromEntries(
    Object.entries(REFUSED).map(([status, { description }]) => [status, { description, content }]),
  );
  return {
    post: {
      operationId: `Otlp.${signal}`,
      parameters: [],
      requestBody: body(...types),
      responses: { '200': { description, content }, ...refused },
      security: SECURITY,
      ...ROLE,
    },
  };
}

/** Paths as they stand in the document. */
export const INTAKE_PATHS = {
  '/api/{projectId}/envelope': {
    post: {
      operationId: 'Sentry.envelope',
      parameters: [PROJECT_ID],
      requestBody: body('application/x-sentry-envelope'),
      responses: { '200': answer('Everything is committed.', 'SentryAccepted'), ...REFUSED },
      security: SECURITY,
      ...ROLE,
    },
  },
  '/api/{projectId}/store': {
    post: {
      operationId: 'Sentry.store',
      parameters: [PROJECT_ID],
      requestBody: body('application/json'),
      responses: { '200': answer('The event is committed.', 'SentryAccepted'), ...REFUSED },
      security: SECURITY,
      ...ROLE,
    },
  },
  '/otlp/v1/logs': otlp('logs'),
  '/otlp/v1/traces': otlp('traces'),
  '/v1/events': {
    post: {
      operationId: 'Native.events',
      parameters: [],
      requestBody: body('application/json', 'application/x-ndjson'),
      responses: {
        '200': answer('Every event that can be read is committed; each has its own outcome.', 'NativeAccepted'),
        ...REFUSED,
      },
      security: SECURITY,
      ...ROLE,
    },
  },
};

/** Schemas of what intake answers. */
export const INTAKE_SCHEMAS = {
  SentryAccepted: { type: 'object', properties: { id: { ...TEXT, pattern: '^[0-9a-f]{32}$' } } },
  NativeAccepted: {
    type: 'object',
    properties: {
      accepted: COUNT,
      duplicate: COUNT,
      ignored: COUNT,
      invalid: COUNT,
      results: {
        type: 'array',
        items: {
          type: 'object',
          properties: { line: { type: 'integer', minimum: 1 }, id: TEXT, outcome: TEXT, reason: TEXT },
          required: ['line', 'outcome'],
        },
      },
    },
    required: ['accepted', 'duplicate', 'ignored', 'invalid', 'results'],
  },
  Refused: {
    type: 'object',
    properties: { detail: TEXT, causes: { type: 'array', items: TEXT } },
    required: ['detail'],
  },
};
