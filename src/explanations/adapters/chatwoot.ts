import { z } from 'zod';

/** Event of an agent bot's webhook (Chatwoot); what we do not read may be anything. */
export const chatwootEvent = z.looseObject({
  event: z.string().max(100),
  message_type: z.string().max(40).nullish(),
  private: z.boolean().nullish(),
  content: z.string().max(20_000).nullish(),
  conversation: z.looseObject({ id: z.int(), status: z.string().max(40).nullish() }).nullish(),
  account: z.looseObject({ id: z.int() }).nullish(),
  sender: z
    .looseObject({
      identifier: z.string().max(500).nullish(),
      email: z.string().max(500).nullish(),
      phone_number: z.string().max(100).nullish(),
    })
    .nullish(),
});
type ChatwootEvent = z.output<typeof chatwootEvent>;

/** Message of a customer to whom the bot still speaks. */
export interface ChatwootQuestion {
  readonly account: number;
  readonly conversation: number;
  readonly text: string;
  readonly customer: string | undefined;
  readonly email: string | undefined;
  readonly phone: string | undefined;
}

/** Reads a customer's message; undefined for the bot's own echoes, notes of agents, and conversations that a human has. */
export function questionOf(event: ChatwootEvent): ChatwootQuestion | undefined {
  const { conversation, account, sender } = event;
  const isAsked = event.event === 'message_created' && event.message_type === 'incoming' && event.private !== true;
  const text = event.content?.trim().slice(0, 2000);
  if (!isAsked || !text || !conversation || !account || conversation.status !== 'pending') return undefined;
  const given = (value: string | null | undefined) => value?.trim().slice(0, 200) || undefined;
  return {
    account: account.id,
    conversation: conversation.id,
    text,
    customer: given(sender?.identifier),
    email: given(sender?.email),
    phone: given(sender?.phone_number),
  };
}
