import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentCaller, MetadataAt, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers, AnswersText } from '../../platform/http/answers.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { McpTools, type ToolCaller } from './tools.service.js';

const scope = z.strictObject({ project: z.string().max(100).optional().describe('Slug; all projects when left out.') });
/** Any JSON: the protocol says itself what is wrong with it. */
const message = z.unknown();
/** A message of JSON-RPC 2.0, as the protocol has it; for clients of 2025-11-25 in an event of a stream. */
const rpcAnswer = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).nullable(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});
/** Headers of a request that the protocol reads. */
const READ = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id'] as const;

/** `POST /mcp`: the bot API as tools of the Model Context Protocol, revisions 2026-07-28 and 2025-11-25, without sessions. */
@Controller()
@MetadataAt('/.well-known/oauth-protected-resource/mcp')
export class McpController {
  constructor(
    private readonly tools: McpTools,
    private readonly publicUrl: PublicUrl,
  ) {}

  @Post('mcp')
  @Needs('bot')
  @OfProject('query')
  @Answers('Answer one message of the Model Context Protocol', rpcAnswer)
  async answer(
    @Query({ schema: scope }) { project }: z.output<typeof scope>,
    @Body({ schema: message }) body: unknown,
    @CurrentCaller() { name }: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<Answer<typeof rpcAnswer>> {
    this.assertOrigin(request.headers.origin);
    const caller: ToolCaller = { name, project };
    const { createMcpHandler } = await import('@modelcontextprotocol/server');
    const handler = createMcpHandler(() => this.tools.serverFor(caller), { legacy: 'stateless', keepAliveMs: 0 });
    try {
      const answer = await handler.fetch(webRequest(request), { parsedBody: body });
      for (const [header, value] of answer.headers) void reply.header(header, value);
      await reply.status(answer.status).send(await answer.text());
    } finally {
      await handler.close();
    }
    return undefined as never;
  }

  /** Sessions and their streams are of older revisions; clients ask for one and go on without (revision 2025-11-25, transports). */
  @Get('mcp')
  @Needs('bot')
  @OfProject('query')
  @AnswersText('Say that there are no streams here', 'text/plain')
  stream(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.header('allow', 'POST');
    throw new Problem(405, 'not-allowed', 'There are no streams of messages here; POST each message.');
  }

  /** @throws Problem 403 for a page of another site: browsers send where a request comes from, agents do not */
  private assertOrigin(origin: string | undefined): void {
    if (origin === undefined || origin === new URL(this.publicUrl.base).origin) return;
    throw new Problem(403, 'forbidden', 'Origin: pages of other sites may not ask here.');
  }
}

/** The request without its body, which is read already, and without what is none of the protocol's business, such as the token. */
function webRequest({ headers }: FastifyRequest): Request {
  const read = READ.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return new Request('http://forewarn/mcp', { method: 'POST', headers: read, body: '{}' });
}
