import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { HungUp } from '../../platform/http/hang-up.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { IssueActions } from './action.service.js';
import { ActionStore, type IssueAction } from './action.store.js';
import { groupingConfig } from '../../grouping/grouping-config.js';
import {
  actionPage,
  linkAnswer,
  linkList,
  mergedAnswer,
  ruleList,
  splitAnswer,
  trialAnswer,
  undoneAnswer,
} from './issue.answers.js';
import { IssueStore } from './issue.store.js';
import { IssueViews } from './issue.views.service.js';
import { type IssueLink, LinkStore, type LinkState } from '../links/link.store.js';
import { RuleTrials } from './rule-trial.service.js';
import { RuleViews } from './rule.views.service.js';

const merge = z.strictObject({ into: z.string().regex(/^\d{1,15}$/, 'must be the id of an issue') });
const split = z.strictObject({ fingerprints: z.array(z.string().min(1).max(64)).min(1).max(1000) });
const trial = z.strictObject({
  rules: groupingConfig.shape.rules,
  project: z.string().optional(),
  samples: z.number().int().min(1).max(2000).default(500),
});
const LINKS_SHOWN = 50;

/** Correcting how events are grouped: merge, split, undo, links, and trying rules. */
@Controller('v1/issues')
export class GroupingController {
  constructor(
    private readonly actions: IssueActions,
    private readonly log: ActionStore,
    private readonly links: LinkStore,
    private readonly trials: RuleTrials,
    private readonly rules: RuleViews,
    private readonly issues: IssueStore,
    private readonly views: IssueViews,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The rules of the configuration, each with what it ignored so far. */
  @Get('rules')
  @Needs('agent')
  @Answers('List the rules of the configuration with what each ignored', ruleList)
  async listRules(): Promise<Answer<typeof ruleList>> {
    return { items: await this.rules.list(this.database, this.clock.now()), nextCursor: null };
  }

  /** Says what rules would do to recent samples; changes nothing. */
  @Post('rules/try')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Say what rules would do to recent samples', trialAnswer)
  async tryRules(
    @Body({ schema: trial }) body: z.output<typeof trial>,
    @HungUp() hungUp: AbortSignal,
  ): Promise<Answer<typeof trialAnswer>> {
    return this.trials.run(this.database.until(hungUp), body.rules, this.views.projectId(body.project), body.samples);
  }

  /** Makes this issue part of another, for past and future events. */
  @Post(':id/merge')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Make an issue part of another', mergedAnswer)
  async merge(
    @Param('id') id: string,
    @Body({ schema: merge }) body: z.output<typeof merge>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof mergedAnswer>> {
    const from = await this.views.root(id);
    const into = await this.into(body.into);
    const actionId = await this.database.transaction((tx) => this.actions.merge(tx, from, into, this.doing(caller)));
    return { actionId: String(actionId), issue: this.views.shape(await this.views.one(String(into.id))) };
  }

  /** Makes some fingerprints of this issue an issue of their own, for past and future events. */
  @Post(':id/split')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Make some fingerprints of an issue an issue of their own', splitAnswer)
  async split(
    @Param('id') id: string,
    @Body({ schema: split }) body: z.output<typeof split>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof splitAnswer>> {
    const issue = await this.views.root(id);
    const keys = [...new Set(body.fingerprints)];
    const done = await this.database.transaction((tx) => this.actions.split(tx, issue, keys, this.doing(caller)));
    const [made, left] = [await this.views.one(String(done.issueId)), await this.views.one(String(issue.id))];
    return { actionId: String(done.actionId), issue: this.views.shape(made), from: this.views.shape(left) };
  }

  /** Lists the actions of people on this issue, newest first. */
  @Get(':id/actions')
  @Needs('agent')
  @Answers('List what people did to an issue, newest first', actionPage)
  async listActions(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ): Promise<Answer<typeof actionPage>> {
    const issue = await this.views.one(id);
    const rows = await this.log.list(this.database, issue.id, cursorId(query.cursor), query.limit + 1);
    return pageOf(rows, query.limit, (row) => row.id, shapeAction);
  }

  /** Takes a merge, a split or a change of status back. */
  @Post('actions/:id/undo')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Take a merge, a split or a change of status back', undoneAnswer)
  async undo(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<Answer<typeof undoneAnswer>> {
    const actionId = rowId('action', id);
    const action = await this.database.transaction((tx) => this.actions.undo(tx, actionId, this.doing(caller)));
    return { ...shapeAction(action), issue: this.views.shape(await this.views.one(String(action.issueId))) };
  }

  /** Issues that may be the same fault, strongest first. */
  @Get(':id/links')
  @Needs('agent')
  @Answers('List issues that may be the same fault', linkList)
  async listLinks(@Param('id') id: string): Promise<Answer<typeof linkList>> {
    const issue = await this.views.one(id);
    const links = await this.links.linksOf(this.database, issue.id, LINKS_SHOWN);
    const others = await this.issues.find(
      this.database,
      links.map((link) => link.linkedId),
    );
    const byId = new Map(others.map((other) => [other.id, this.views.shape(other)]));
    return {
      items: links.map(({ linkedId, ...link }) => ({ ...shapeLink(link), issue: byId.get(linkedId) })),
      nextCursor: null,
    };
  }

  /** These two are one fault. */
  @Post('links/:id/confirm')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Say that two linked issues are one fault', linkAnswer)
  async confirm(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<Answer<typeof linkAnswer>> {
    return this.decide(id, 'confirmed', caller);
  }

  /** These two are different faults. */
  @Post('links/:id/reject')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Say that two linked issues are different faults', linkAnswer)
  async reject(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<Answer<typeof linkAnswer>> {
    return this.decide(id, 'rejected', caller);
  }

  /** Takes a confirmation or a rejection back. */
  @Post('links/:id/undo')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Take a confirmation or a rejection back', linkAnswer)
  async undoLink(@Param('id') id: string): Promise<Answer<typeof linkAnswer>> {
    return this.decide(id, 'proposed', undefined);
  }

  private async decide(id: string, state: LinkState, caller: Caller | undefined): Promise<Answer<typeof linkAnswer>> {
    const linkId = rowId('link', id);
    await this.database.transaction((tx) =>
      this.links.decide(tx, linkId, state, caller?.name ?? null, caller ? this.clock.now() : null),
    );
    const link = await this.links.find(this.database, linkId);
    if (!link) throw notFound('link', id);
    return shapeLink(link);
  }

  private async into(id: string) {
    const [issue] = await this.issues.find(this.database, [Number(id)]);
    if (!issue) throw new Problem(400, 'invalid', `into: there is no issue ${id}.`);
    return issue.mergedInto === null ? issue : this.views.one(String(issue.mergedInto));
  }

  private doing(caller: Caller) {
    return { actor: caller.name, now: this.clock.now() };
  }
}

function shapeLink({ id, aId, bId, ...rest }: IssueLink) {
  return { id: String(id), issues: [String(aId), String(bId)], ...rest };
}

/** Ids as text, and of the details what people can use. */
function shapeAction({ id, issueId, details, ...rest }: IssueAction) {
  const shown =
    details.kind === 'merge'
      ? { into: String(details.into) }
      : details.kind === 'split'
        ? { to: String(details.to), fingerprints: details.fingerprints }
        : { before: details.before, after: details.after };
  return { id: String(id), issueId: String(issueId), ...rest, ...shown };
}
