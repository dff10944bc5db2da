import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, pageAnswer } from '../../platform/http/answers.js';
import { pageQuery, rowId } from '../../platform/http/page.js';
import { AccountsReadModel, type AffectedAccount } from './accounts.read-model.js';

const personAnswer = z.object({ customerId: z.string(), externalId: z.string().nullable() });
const accountsPage = pageAnswer(
  z
    .object({
      account: z.string(),
      affected: count.describe('Customers of the account whom the incident hit.'),
      customers: z.array(personAnswer).describe('The first hundred of them.'),
      contacts: z
        .array(personAnswer)
        .describe('Those who may be told for the account; the first who can be reached is.'),
    })
    .meta({ id: 'AffectedAccount' }),
).extend({
  accounts: count.describe('All accounts that the incident hit.'),
  withoutAccount: count.describe('Affected customers who belong to no account.'),
});

/** `GET /v1/incidents/{id}/audience/accounts`: the companies that an incident hit. */
@Controller('v1/incidents')
export class AccountsController {
  constructor(
    private readonly accounts: AccountsReadModel,
    private readonly incidents: Incidents,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
  ) {}

  @Get(':id/audience/accounts')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List the accounts whose customers an incident hit', accountsPage)
  async list(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) { limit, cursor = '' }: z.output<typeof pageQuery>,
  ): Promise<Answer<typeof accountsPage>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    const after = Buffer.from(cursor, 'base64url').toString('utf8').replaceAll('\0', '');
    const found = await this.accounts.list(this.database, incident.id, after, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      items: await this.named(shown),
      nextCursor: last ? Buffer.from(last.account).toString('base64url') : null,
      ...(await this.accounts.count(this.database, incident.id)),
    };
  }

  /** The same with the names of the customers, and the contacts. */
  private async named(accounts: readonly AffectedAccount[]) {
    const ids = accounts.flatMap(({ customerIds }) => customerIds);
    const contacts = await this.directory.accountContacts(this.database, ids);
    const names = await this.directory.externalIds(this.database, [...ids, ...[...contacts.values()].flat()]);
    const named = (some: readonly number[]) =>
      some.map((one) => ({ customerId: String(one), externalId: names.get(one) ?? null }));
    return accounts.map(({ account, affected, customerIds }) => ({
      account,
      affected,
      customers: named(customerIds),
      contacts: named(contacts.get(account) ?? []),
    }));
  }
}
