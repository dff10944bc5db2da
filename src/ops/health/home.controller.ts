import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../../platform/auth/needs.js';
import { AnswersText } from '../../platform/http/answers.js';
import { htmlPage } from '../../platform/http/html.js';

/** Where a person who opens the address goes from here; nothing that needs a token to be told. */
const PAGE = htmlPage(
  'en',
  'Forewarn',
  `<h1>Forewarn</h1>
<p>Tells customers about a fault before they have to ask: it takes the errors that apps report, finds out who is hit, and writes to them.</p>
<ul>
<li><a href="outbox">Outbox</a>: what would have been sent, while no provider is set (any user name; a token as password)</li>
<li><a href="openapi.json">The API</a>, for programs; <code>Authorization: Bearer TOKEN</code></li>
<li><a href="metrics">Metrics</a>, for Prometheus; <a href="readyz">ready?</a></li>
</ul>
<p class="quiet">First steps: <code>forewarn doctor</code> says what is missing, <code>GET /v1/projects</code> the address that apps send to, and
<code>forewarn token create --name me --role ops</code> makes a token.</p>
<p class="quiet">You came by a message from a shop or a service? The link in it leads to your page; this one is for those who run it.</p>`,
);

/** `GET /`: what this is and where to go. */
@Controller()
export class HomeController {
  @Get()
  @AnswersText('Say what this is and where to go', 'text/html')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }
}
