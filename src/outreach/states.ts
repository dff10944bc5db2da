/**
 * States of a message. `in_doubt` waits for evidence; those in `FINAL_MESSAGE_STATES` need no further step of ours. `shown` stands on the built-in
 * outbox page alone, of an installation that has used a provider: nobody got it.
 */
export const MESSAGE_STATES = [
  'pending',
  'claimed',
  'sending',
  'sent',
  'shown',
  'delivered',
  'failed',
  'in_doubt',
  'cancelled',
  'suppressed',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** States in which planning may create a message. */
export const PLANNED_STATES = ['pending', 'suppressed'] as const satisfies readonly MessageState[];
export type PlannedState = (typeof PLANNED_STATES)[number];

/**
 * For each state of a message, the states that may follow. Every statement that writes a state asks `messageStep` first, so a step that is
 * not listed here throws instead of being written. `sent` may still turn out to be `delivered` or `failed` when the provider reports. What
 * waits to be tried again is `sent` as soon as a report says that an earlier attempt went out after all.
 */
export const MESSAGE_STEPS: Readonly<Record<MessageState, readonly MessageState[]>> = {
  pending: ['claimed', 'sent', 'delivered', 'cancelled'],
  claimed: ['pending', 'sending', 'sent', 'delivered', 'suppressed', 'cancelled'],
  sending: ['pending', 'sent', 'shown', 'delivered', 'failed', 'in_doubt'],
  in_doubt: ['pending', 'sent', 'shown', 'delivered', 'failed', 'in_doubt'],
  sent: ['shown', 'delivered', 'failed'],
  shown: [],
  delivered: [],
  failed: [],
  cancelled: [],
  suppressed: [],
};

/** States that a message stays in unless its provider reports something new. */
export const FINAL_MESSAGE_STATES = ['sent', 'shown', 'delivered', 'failed', 'cancelled', 'suppressed'] as const;

/** States from which a message may still go out. */
export const OPEN_MESSAGE_STATES = MESSAGE_STATES.filter((state) => !isFinal(state));

/** True if a message in this state needs no further step of ours. */
export function isFinal(state: MessageState): boolean {
  return (FINAL_MESSAGE_STATES as readonly MessageState[]).includes(state);
}

/** Evidence that ends a doubt without a call of ours, each with the state that follows. There is no other way out but a provider's report. */
export const DOUBT_ENDINGS = {
  /** The provider lists the message. */
  provider_has_it: 'sent',
  /** The built-in outbox has it, and the installation has used a provider. */
  outbox_has_it: 'shown',
  /** The provider's list, read late enough, does not hold it. */
  provider_never_got_it: 'pending',
  /** The customer opened the link that only this message carries. */
  link_opened: 'sent',
  /** A person looked it up at the provider. */
  settled_sent: 'sent',
  settled_not_sent: 'pending',
} as const satisfies Readonly<Record<string, MessageState>>;
export type DoubtEnding = keyof typeof DOUBT_ENDINGS;

/** States of a campaign; messages go out only while it is `approved`. */
export const CAMPAIGN_STATES = ['awaiting_approval', 'approved', 'paused', 'done', 'cancelled'] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/**
 * For each state of a campaign, the states that may follow; checked like those of messages. An approval can be taken back for some seconds, and what
 * is done goes on when some of its messages did not arrive and the next channel is tried.
 */
export const CAMPAIGN_STEPS: Readonly<Record<CampaignState, readonly CampaignState[]>> = {
  awaiting_approval: ['approved', 'cancelled'],
  approved: ['awaiting_approval', 'paused', 'done', 'cancelled'],
  paused: ['approved', 'cancelled'],
  done: ['approved'],
  cancelled: [],
};

/** Author of a pause. The end of a silence lifts a pause only if a silence made it. */
export const PAUSED_BY = ['person', 'silence', 'provider', 'rule'] as const;
export type PausedBy = (typeof PAUSED_BY)[number];

/** A change of state that the table allows, for use in SQL. */
export interface Step<State extends string> {
  readonly from: readonly State[];
  readonly to: State;
}

/**
 * A step of a message from any of these states.
 * @throws when one of them does not lead to `to`
 */
export function messageStep(from: readonly MessageState[], to: MessageState): Step<MessageState> {
  return allowed('message', MESSAGE_STEPS, from, to);
}

/**
 * A step of a campaign from any of these states.
 * @throws when one of them does not lead to `to`
 */
export function campaignStep(from: readonly CampaignState[], to: CampaignState): Step<CampaignState> {
  return allowed('campaign', CAMPAIGN_STEPS, from, to);
}

/** States as a list of SQL literals; they are words of the tables above and need no quoting. */
export function sqlStates(states: readonly (MessageState | CampaignState)[]): string {
  return states.map((state) => `'${state}'`).join(', ');
}

function allowed<State extends string>(
  what: string,
  steps: Readonly<Record<State, readonly State[]>>,
  from: readonly State[],
  to: State,
): Step<State> {
  for (const state of from)
    if (!Object.hasOwn(steps, state) || !steps[state].includes(to))
      throw new Error(`a ${what} that is ${state} cannot become ${to}; src/outreach/states.ts lists the steps`);
  return { from, to };
}
