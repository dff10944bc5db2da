/** Facts of the outreach of one incident. */
export interface OutreachFacts {
  readonly resolved: boolean;
  /** Customers who were told and have not been told that it is over. */
  readonly untoldEnd: number;
  readonly told: number;
  readonly waiting: readonly { readonly kind: string; readonly state: string; readonly messages: number }[];
  readonly held: boolean;
  /** Whether "fixed" goes out; null where no policy matches. */
  readonly onResolve: boolean | null;
}

/** Says in words how outreach about an incident stands, what waits and for whom. */
export function outlookWords(facts: OutreachFacts): string {
  const { resolved, told, untoldEnd, waiting, held, onResolve } = facts;
  const lines: string[] = [];
  if (onResolve === null) lines.push('No policy matches, so nobody is written to.');
  if (told === 0)
    lines.push(resolved ? 'Nobody was told, so nobody hears that it is over.' : 'Nobody has been told yet.');
  else lines.push(`${customers(told)} told.`);
  if (resolved && untoldEnd > 0) lines.push(endWords(untoldEnd, onResolve));
  for (const one of waiting) lines.push(waitingWords(one, resolved));
  if (held && (waiting.length > 0 || untoldEnd > 0))
    lines.push('All sending is held, so nothing leaves until the switch is live.');
  return lines.join(' ');
}

function endWords(count: number, onResolve: boolean | null): string {
  if (onResolve !== true) return `${count} of them do not hear that it is over, since the policy says so.`;
  return `${count} of them are written to that it is over, with the approval of what they were told.`;
}

function waitingWords({ kind, state, messages }: OutreachFacts['waiting'][number], resolved: boolean): string {
  const many = `${messages} ${messages === 1 ? 'message' : 'messages'} (${kind})`;
  if (resolved && kind !== 'resolved') return `${many} had not gone out and are dropped.`;
  if (state === 'awaiting_approval') return `${many} wait for a person.`;
  if (state === 'paused') return `${many} wait in a paused campaign.`;
  return `${many} are about to go out.`;
}

function customers(count: number): string {
  return count === 1 ? '1 customer was' : `${count} customers were`;
}
