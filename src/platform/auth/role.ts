/** Roles of tokens. Project keys (`ingest`) are no tokens; they only accept events. */
export const TOKEN_ROLES = ['alerts', 'directory', 'bot', 'agent', 'ops', 'admin'] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/** For each role, the needs of routes that it meets. */
const GRANTS: Readonly<Record<TokenRole, readonly TokenRole[]>> = {
  /** Alertmanager's webhook, and nothing else. */
  alerts: ['alerts'],
  /** The program that keeps the list of customers in step, and nothing else. */
  directory: ['directory'],
  bot: ['bot'],
  agent: ['agent', 'bot'],
  ops: ['ops', 'agent', 'bot', 'directory', 'alerts'],
  admin: TOKEN_ROLES,
};

/** True when `held` includes what `needed` allows. */
export function covers(held: TokenRole, needed: TokenRole): boolean {
  return GRANTS[held].includes(needed);
}

/** Who makes a request. */
export interface Caller {
  /** Name of the token; stands in timelines, approvals and the audit trail. */
  readonly name: string;
  readonly role: TokenRole;
  /** The one project that the token is for; null for all. */
  readonly projectId: number | null;
}
