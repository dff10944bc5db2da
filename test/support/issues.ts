import { type ApiClient } from './api-client.js';

/** An issue as the API shows it. */
export interface ShownIssue {
  readonly id: string;
  readonly title: string;
  readonly service: string | null;
  readonly environment: string;
  readonly firstRelease: string | null;
  readonly lastSeen: string;
  readonly events: number;
  readonly customers: number;
}

/** Who was hit by an issue, as the API shows it. */
export interface ShownHit {
  readonly externalId: string | null;
  readonly events: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

interface ShownPage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** All issues, page by page. */
export function allIssues(api: ApiClient): Promise<ShownIssue[]> {
  return allOf<ShownIssue>(api, '/v1/issues');
}

/** The one issue whose title holds these words. */
export async function issueWith(api: ApiClient, words: string): Promise<ShownIssue> {
  const found = (await allIssues(api)).filter((issue) => issue.title.includes(words));
  if (found.length !== 1) throw new Error(`${found.length} issues are about "${words}"`);
  return found[0]!;
}

/** All whom an issue hit, page by page. */
export function hitsOf(api: ApiClient, { id }: ShownIssue): Promise<ShownHit[]> {
  return allOf<ShownHit>(api, `/v1/issues/${id}/customers`);
}

async function allOf<T>(api: ApiClient, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = (await api.get(`${path}?limit=200${from}`)).body as ShownPage<T>;
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}
