import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Access } from '../auth/access.js';
import { PAGE_STYLE_HASH } from './html.js';
import { mayTakeLong } from './slow-uploads.js';
import { madeStorable, refuseUnstorable } from './text.js';

/**
 * Largest body that is held in memory, bytes. By judgement: a set of rules or a notification of Alertmanager is well below it, and 64 at once
 * take what one storm of events takes. Half would refuse large notifications. Imports are streams and have no such limit.
 */
export const MAX_BODY = 1024 * 1024;

/** Types of bodies that are handed on as streams and never held. */
const STREAMED = ['text/csv', 'application/x-ndjson', 'application/jsonl'];

/** Programs that send here cannot be told to send their texts otherwise, and drop what is refused. */
const HOOKS = '/hooks/';

const NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const PAGE = `${NOTHING}; style-src '${PAGE_STYLE_HASH}'; form-action 'self'`;

/**
 * Puts three checks around every route of the API: who calls before the body is read, no text that the database cannot hold before a handler
 * sees it, and headers that keep a page out of frames, caches and logs of other sites.
 */
export function harden(fastify: FastifyInstance, access: Access): void {
  const keep = (_request: FastifyRequest, body: unknown, done: (error: null, body: unknown) => void) =>
    done(null, body);
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, keep);
  fastify.addContentTypeParser(STREAMED, (request: FastifyRequest, body: unknown, done) => {
    mayTakeLong(request.raw, fastify.server);
    done(null, body);
  });
  fastify.addHook('onRequest', (request, reply) => access.check(request, reply));
  fastify.addHook('preValidation', async (request) => checkTexts(request));
  fastify.addHook('onSend', async (request, reply, payload) => {
    setHeaders(reply);
    void reply.header('x-request-id', request.id);
    return payload;
  });
}

function checkTexts(request: FastifyRequest): void {
  refuseUnstorable(request.params, 'path');
  refuseUnstorable(request.query, 'query');
  if (STREAMED.some((type) => request.headers['content-type']?.startsWith(type))) return;
  if (request.url.startsWith(HOOKS)) request.body = madeStorable(request.body);
  else refuseUnstorable(request.body, 'body');
}

function setHeaders(reply: FastifyReply): void {
  const type = String(reply.getHeader('content-type') ?? '');
  // A page in a brand says itself what it needs.
  if (!reply.hasHeader('content-security-policy'))
    void reply.header('content-security-policy', type.startsWith('text/html') ? PAGE : NOTHING);
  void reply.header('referrer-policy', 'no-referrer');
  void reply.header('x-content-type-options', 'nosniff');
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
}
