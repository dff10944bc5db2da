import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Scrubber } from '../../events/scrubber.js';
import { Settings } from '../../platform/config/settings.js';
import { Problem } from '../../platform/errors.js';
import { type ExplanationText } from '../explanation.js';
import { EXPLANATIONS_CONFIG, type ExplanationsConfig } from '../explanations-config.js';
import { hideNames } from '../algorithm/name-candidates.js';
import { explanationFields } from './explanation-fields.js';

/** Largest answer that is read, bytes: ten times what the five texts may have. */
const LONGEST_ANSWER = 64 * 1024;

const ORDER = `You help the team of an app to write to its customers about a fault. Write in the language of "locale", plainly and short, for people who know nothing of software.
If "reviewed" is given, translate it faithfully: it was checked by a person. Else improve "draft" by the facts. Add no fact, no cause, no promise and no time that is not given.
Keep {{ since }} and {{ fixedAt }} exactly as they are. Answer with one JSON object of the texts "title", "body", "workaround", "nextUpdate" and "fixed"; workaround and nextUpdate are null where they are null in what you were given.`;

const completion = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1) });
const proposal = z.strictObject({
  title: explanationFields.title,
  body: explanationFields.body,
  workaround: explanationFields.workaround.nullable(),
  nextUpdate: explanationFields.nextUpdate.nullable(),
  fixed: explanationFields.fixed,
});

/** Facts and texts that words are made of. */
export interface Brief {
  readonly locale: string;
  readonly product: string;
  readonly area: string | null;
  /** Words of the template for the locale, which hold what is known of who is hit and what helps. */
  readonly draft: ExplanationText;
  /** Words in another language that a person approved; null where there are none. */
  readonly reviewed: (ExplanationText & { readonly locale: string }) | null;
}

/** Asks an endpoint of the operator's for words. It gets the brief alone, without addresses, keys, long numbers and names of customers that stand in it. */
@Injectable()
export class Writer {
  private readonly scrubber = new Scrubber();
  private readonly config;
  private readonly key;

  constructor(@Inject(EXPLANATIONS_CONFIG) { drafting }: ExplanationsConfig, { draftingKey }: Settings) {
    this.config = drafting;
    this.key = draftingKey;
  }

  /**
   * Proposes words; nothing keeps them.
   * @param names of customers, which are hidden
   * @throws Problem 409 where no endpoint is set, 503 where it gives no usable answer in time
   */
  async propose(brief: Brief, names: readonly string[]): Promise<z.output<typeof proposal>> {
    if (!this.config)
      throw new Problem(
        409,
        'conflict',
        'No endpoint for drafting is set; see explanations.drafting in the configuration.',
      );
    const text = await this.ask(this.withoutPersons(brief, names));
    const { success, data } = proposal.safeParse(objectOf(text));
    if (success) return data;
    throw unusable('its answer is not the five texts that were asked for');
  }

  private async ask(brief: string): Promise<string> {
    const { url, model, timeout } = this.config!;
    const messages = [
      { role: 'system', content: ORDER },
      { role: 'user', content: brief },
    ];
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(this.key && { authorization: `Bearer ${this.key}` }) },
        body: JSON.stringify({ model, messages, temperature: 0, response_format: { type: 'json_object' } }),
        signal: AbortSignal.timeout(timeout),
        redirect: 'error',
      });
      const body = await bounded(answer);
      if (!answer.ok) throw unusable(`it answered ${answer.status}`);
      const { data } = completion.safeParse(objectOf(body));
      if (!data) throw unusable('its answer has no choices with a message');
      return data.choices[0]!.message.content;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw unusable(
        (error as Error).name === 'TimeoutError' ? `it took longer than ${timeout / 1000} s` : 'it cannot be reached',
      );
    }
  }

  /** The brief as JSON, each text without what could name a person. */
  private withoutPersons(brief: Brief, names: readonly string[]): string {
    const hide = (text: string) =>
      hideNames(this.scrubber.text(text).replace(/\+?\d[\d ()./-]{5,}\d/g, '[number]'), names);
    return JSON.stringify(brief, (_, value: unknown) => (typeof value === 'string' ? hide(value) : value));
  }
}

async function bounded(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > LONGEST_ANSWER) throw unusable(`its answer is larger than ${LONGEST_ANSWER / 1024} KiB`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function objectOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusable(why: string): Problem {
  return new Problem(
    503,
    'unavailable',
    `The endpoint for drafting is of no use now: ${why}. The words stay as they are.`,
  );
}
