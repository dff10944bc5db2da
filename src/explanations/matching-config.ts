import { z } from 'zod';
import { duration } from '../platform/config/schema.js';

const address = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
  message: 'must be a URL that starts with http:// or https://',
});

/** The `explanations.matching` section: where the meaning of questions comes from. */
export const matchingSchema = z
  .strictObject({
    /** `builtIn`: an English sentence model that comes along and needs no network; `endpoint`: one of yours; `none`: words alone. */
    embedder: z.enum(['builtIn', 'endpoint', 'none']).default('builtIn'),
    /** An endpoint as OpenAI's `/v1/embeddings`; its key is `EMBEDDINGS_KEY`. */
    endpoint: z
      .strictObject({
        url: address,
        model: z.string().trim().min(1),
        /** After this long (milliseconds) words alone answer. */
        timeout: duration.prefault('1s'),
      })
      .optional(),
  })
  .superRefine(({ embedder, endpoint }, context) => {
    if (embedder === 'endpoint' && !endpoint)
      context.addIssue({ code: 'custom', path: ['endpoint'], message: 'is needed for embedder: endpoint' });
    if (embedder !== 'endpoint' && endpoint)
      context.addIssue({ code: 'custom', path: ['endpoint'], message: 'does nothing without embedder: endpoint' });
  });

export type MatchingConfig = z.output<typeof matchingSchema>;
