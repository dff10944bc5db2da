import { featureName, type TraitPair, traitValue } from '../customers/trait.js';
import { type AppEvent } from './event.js';

/** Tags that apps use for what SDKs put into contexts. */
const TAGS = ['os', 'browser', 'device'] as const;

/** Reads what the user of an event was using, from all that the event says. */
export function traitsOf({
  traits = [],
  release,
  environment,
  service,
  platform,
  transaction,
  tags,
}: AppEvent): TraitPair[] {
  const found: TraitPair[] = [];
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined) found.push([name, value]);
  };
  put('release', release && traitValue(release));
  put('environment', traitValue(environment));
  put('service', service && traitValue(service));
  put('platform', platform === 'other' ? undefined : traitValue(platform));
  put('feature', transaction && featureName(transaction));
  for (const name of TAGS) {
    const tag = tags[name];
    if (tag !== undefined && !traits.some(([known]) => known === name)) put(name, traitValue(tag));
  }
  return [...found, ...traits];
}
