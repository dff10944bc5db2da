import { deliverySchema } from '../../delivery/delivery-config.js';
import { explanationsSchema } from '../../explanations/explanations-config.js';
import { handOversSchema } from '../../contacts/hand-overs-config.js';
import { type ForewarnConfig } from '../../forewarn-config.js';

/** A configuration without any address of the world outside: no gateway, no place of the team, no webhook, no endpoint, no DSN to relay to. */
export function contactsNowhere(config: ForewarnConfig): ForewarnConfig {
  return {
    ...config,
    projects: config.projects.map((project) => ({ ...project, forward: undefined })),
    delivery: deliverySchema.parse({}),
    team: [],
    handOvers: handOversSchema.parse({}),
    explanations: explanationsSchema.parse({ matching: { embedder: 'none' } }),
  };
}
