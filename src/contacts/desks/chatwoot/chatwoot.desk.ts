import { z } from 'zod';
import { type HandOversConfig } from '../../hand-overs-config.js';
import { callDesk } from '../call.js';
import { type Desk, DeskFailure, type ToldHandOver } from '../desk.js';
import { noteOf } from '../note.js';

const conversation = z.looseObject({ id: z.int().min(1) });
const messages = z.looseObject({ payload: z.array(z.looseObject({ content: z.string().nullish() })) });
const contacts = z.looseObject({ payload: z.array(z.looseObject({ id: z.int().min(1) })) });
const contact = z.looseObject({
  payload: z.looseObject({ contact: z.looseObject({ id: z.int().min(1) }) }),
});
const conversations = z.looseObject({
  payload: z.array(z.looseObject({ id: z.int().min(1), inbox_id: z.int().nullish() })),
});

/**
 * Gives a conversation in Chatwoot to its people: a private note with the story, then the conversation is opened. A chat that a Chatwoot bot reported
 * (`externalId` of the contact is the id of its conversation) is that conversation; for everybody else one is begun in the inbox of the
 * configuration, with a contact that has the customer's id as its identifier. The note holds our id, by which a second attempt finds it.
 * Source: https://developers.chatwoot.com/api-reference/introduction
 */
export class ChatwootDesk implements Desk {
  constructor(private readonly config: NonNullable<HandOversConfig['chatwoot']>) {}

  async tell(one: ToldHandOver, _now: Date, signal: AbortSignal): Promise<void> {
    const id = (await this.standing(one, signal)) ?? (await this.begun(one, signal));
    if (!(await this.hasNote(id, one, signal)))
      await this.post(
        `/conversations/${id}/messages`,
        { content: `${noteOf(one)}\n\n${markOf(one)}`, message_type: 'outgoing', private: true },
        signal,
      );
    await this.post(`/conversations/${id}/toggle_status`, { status: 'open' }, signal);
  }

  /** The conversation that the contact came from, where Chatwoot knows it. */
  private async standing({ contact: from }: ToldHandOver, signal: AbortSignal): Promise<number | undefined> {
    const id = from?.channel === 'chat' ? /^(?:chatwoot:)?([1-9]\d{0,14})$/.exec(from.externalId)?.[1] : undefined;
    if (id === undefined) return undefined;
    try {
      return read(conversation, await this.get(`/conversations/${id}`, signal)).id;
    } catch (error) {
      if (error instanceof DeskFailure && error.code === 'http 404') return undefined;
      throw error;
    }
  }

  /** A conversation in our inbox: the customer's latest there, or a new one. */
  private async begun(one: ToldHandOver, signal: AbortSignal): Promise<number> {
    const contactId = await this.contactOf(one, signal);
    const { payload } = read(conversations, await this.get(`/contacts/${contactId}/conversations`, signal));
    const latest = payload.filter(({ inbox_id }) => inbox_id === this.config.inbox).map(({ id }) => id);
    if (latest.length > 0) return Math.max(...latest);
    const body = { inbox_id: this.config.inbox, contact_id: contactId, status: 'open' };
    return read(conversation, await this.post('/conversations', body, signal)).id;
  }

  /** The customer in Chatwoot by our id, address or number, or a new contact: Chatwoot refuses a second one with the same address. */
  private async contactOf(one: ToldHandOver, signal: AbortSignal): Promise<number> {
    const { externalId, name, email, phone } = one.customer ?? {};
    const identifier = externalId ?? `forewarn-${one.webhookId}`;
    for (const [field, word] of Object.entries({ identifier, email, phone_number: phone })) {
      if (!word) continue;
      const { payload } = read(contacts, await this.get(`/contacts/search?q=${encodeURIComponent(word)}`, signal));
      const same = payload.find((person) => person[field] === word);
      if (same) return same.id;
    }
    const person = {
      ...{ inbox_id: this.config.inbox, identifier, name: name ?? identifier },
      ...(email && { email }),
      ...(phone && { phone_number: phone }),
    };
    return read(contact, await this.post('/contacts', person, signal)).payload.contact.id;
  }

  private async hasNote(id: number, one: ToldHandOver, signal: AbortSignal): Promise<boolean> {
    const { payload } = read(messages, await this.get(`/conversations/${id}/messages`, signal));
    return payload.some(({ content }) => content?.includes(markOf(one)) === true);
  }

  private get(path: string, signal: AbortSignal): Promise<unknown> {
    return callDesk({ ...this.target(path), method: 'GET' }, signal);
  }

  private post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    return callDesk({ ...this.target(path), body: JSON.stringify(body) }, signal);
  }

  private target(path: string) {
    const headers = { 'content-type': 'application/json', api_access_token: this.config.token };
    return { base: this.config.url, path: `/api/v1/accounts/${this.config.account}${path}`, headers };
  }
}

function markOf(one: ToldHandOver): string {
  return `forewarn:${one.webhookId}`;
}

function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (!result.success) throw new DeskFailure('answer not understood');
  return result.data;
}
