import { z } from 'zod';
import { duration } from '../platform/config/schema.js';

/** The `explanations.drafting` section: an endpoint that proposes words and translations; a person decides what becomes of them. */
export const draftingSchema = z.strictObject({
  /** An endpoint as OpenAI's `/v1/chat/completions`; its key is `DRAFTING_KEY`. */
  url: z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    message: 'must be a URL that starts with http:// or https://',
  }),
  model: z.string().trim().min(1),
  /** After this long (milliseconds) there is no proposal. */
  timeout: duration.prefault('30s'),
});
