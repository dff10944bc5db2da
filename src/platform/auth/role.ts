/** What a token may do, weakest first: each role may do what those before it may. Project keys (`ingest`) are no tokens; they only accept events. */
export const TOKEN_ROLES = ['bot', 'agent', 'ops', 'admin'] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/** True when `held` includes what `needed` allows. */
export function covers(held: TokenRole, needed: TokenRole): boolean {
  return TOKEN_ROLES.indexOf(held) >= TOKEN_ROLES.indexOf(needed);
}

/** Who makes a request. */
export interface Caller {
  /** Name of the token; stands in timelines and in approvals. */
  readonly name: string;
  readonly role: TokenRole;
}
