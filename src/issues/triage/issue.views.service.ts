import { Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { rowId } from '../../platform/http/page.js';
import { type Issue } from '../issue.js';
import { IssueStore } from './issue.store.js';

/** How issues come in and go out of the API. */
@Injectable()
export class IssueViews {
  constructor(
    private readonly store: IssueStore,
    private readonly projects: Projects,
    private readonly database: Database,
  ) {}

  /** @throws Problem 404 when there is no such issue */
  async one(id: string): Promise<Issue> {
    const [issue] = await this.store.find(this.database, [rowId('issue', id)]);
    if (!issue) throw notFound('issue', id);
    return issue;
  }

  /** The issue, or the one that it was merged into. */
  async root(id: string): Promise<Issue> {
    const issue = await this.one(id);
    return issue.mergedInto === null ? issue : this.one(String(issue.mergedInto));
  }

  /** The id behind a project's slug, undefined for none. */
  projectId(slug: string | undefined): number | undefined {
    return this.projects.named(slug)?.id;
  }

  shape({ id, projectId, mergedInto, ...rest }: Issue) {
    return {
      id: String(id),
      project: this.projects.find(projectId)?.slug ?? null,
      mergedInto: mergedInto === null ? null : String(mergedInto),
      ...rest,
    };
  }
}
