import { type Policy } from '../policy.js';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

const AUDIENCE_WORDS = { affected: 'who were hit', at_risk: 'who may be hit next' } as const;

const CLASS_WORDS = {
  marketing: 'Its messages are marketing, so each needs a consent to that.',
  legal:
    'The law obliges to tell, so no consent is needed and no refusal of such messages ends it, but a stop at the provider does; two people approve.',
} as const;

const LINK_WORDS = {
  domainOnly: 'An SMS names the bare domain, without a link.',
  none: 'An SMS has no link and says where to look.',
} as const;

/** Says in sentences what a policy does, for the person who wrote it. */
export function describePolicy(policy: Policy): string[] {
  const {
    match,
    approval,
    blastLimit,
    twoPersonsAbove,
    merge,
    fallback,
    quietHours,
    caps,
    channels,
    trust,
    updates,
    askForHelp,
    onResolve,
    onReturn,
    links,
    ramp,
    audience,
    holdOut,
    accounts,
  } = policy;
  return [
    `${policy.name}: ${matchWords(match)}.`,
    `It writes to customers ${list(
      audience.map((one) => AUDIENCE_WORDS[one]),
      'and',
    )}, by ${list(channels, 'else')}.`,
    accounts === 'contact'
      ? 'The customers of one account are told once, through its contact; where it has none who can be reached, each of them is told.'
      : '',
    merge
      ? `A message waits ${span(merge.within)}, and what comes for the same customer meanwhile becomes one message with it.`
      : '',
    fallback
      ? `Where a message failed, or no report of its arrival came within ${span(fallback.after)}, the next channel is tried.`
      : '',
    holdOut ? `${holdOut.share * 100} % of them are held out, to measure the effect.` : '',
    approvalWords(approval, blastLimit, trust),
    policy.class === 'service' ? '' : CLASS_WORDS[policy.class],
    policy.rule === undefined ? '' : `The rule is ${policy.rule}.`,
    twoPersonsAbove === undefined ? '' : `More than ${twoPersonsAbove} customers need two people.`,
    ramp ? `It goes to ${ramp.map((one) => `${one * 100} %`).join(', then ')} of the customers, then to all.` : '',
    quietHours
      ? `Nothing goes out from ${clock(quietHours.from)} to ${clock(quietHours.to)} where the customer is.`
      : '',
    caps ? `A customer gets at most ${caps.messages} notices in ${span(caps.per)}.` : 'There is no cap on notices.',
    links === 'signed' ? '' : LINK_WORDS[links],
    updates
      ? `While it lasts, those who were told hear every ${span(updates.every)} that we still work on it, at most ${times(updates.atMost)}.`
      : '',
    askForHelp ? 'Its messages ask whether the customer needs help, and who says so is given to a person.' : '',
    onResolve ? 'Those who were told hear when it is fixed.' : 'Nobody hears when it is fixed.',
    onReturn ? 'Those who heard that it was fixed hear when it comes back.' : '',
  ].filter(Boolean);
}

function matchWords({ project, severity, area, customers }: Policy['match']): string {
  const parts = [
    severity ? `severity ${list(severity, 'or')}` : 'any severity',
    project ? `project ${list(project, 'or')}` : 'any project',
    ...(area ? [`area ${list(area, 'or')}`] : []),
  ];
  const incidents = `takes incidents of ${parts.join(', ')}`;
  if (!customers) return incidents;
  const { health, attributes } = customers;
  const wanted = [
    ...(health ? [`health ${list(health, 'or')}`] : []),
    ...Object.entries(attributes).map(([name, values]) => `${name} ${list(values, 'or')}`),
  ];
  return `${incidents}, and of their customers those with ${list(wanted, 'and')}; the others are left to the next policy`;
}

function approvalWords(approval: Policy['approval'], blastLimit: number, trust: readonly string[]): string {
  const limit = `above ${blastLimit} customers a person must approve`;
  const claims = trust.includes('claimed')
    ? 'Claims with the public key count'
    : 'Customers whom only claims say were hit wait for a person';
  if (approval === 'required')
    return `A person approves once for an incident; later waves go along up to ${blastLimit} customers, or as many as they saw.`;
  if (approval === 'automatic') return `It goes out by itself; ${limit}. ${claims}.`;
  return `It goes out after ${span(approval.after)} unless somebody objects; ${limit}. ${claims}.`;
}

function list(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** A duration as the configuration writes it. */
function span(ms: number): string {
  let left = ms;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join('') || `${ms}ms`;
}
