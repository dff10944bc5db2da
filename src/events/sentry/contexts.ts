import { productTrait, traitName, type TraitPair, traitValue } from '../../customers/trait.js';
import { asList, asObject, type Json, scalarText, text } from '../reading/read-values.js';

/** Feature flags read of an event; SDKs keep the hundred evaluated last, the newest at the end. */
const MAX_FLAGS = 20;
/** Longest text read, UTF-16 units; a trait keeps less of it. */
const MAX = 200;

/** Reads device, system, browser and evaluated feature flags from the contexts of an event. Undefined where they say nothing. */
export function readContextTraits(contexts: Json | undefined): readonly TraitPair[] | undefined {
  if (!contexts) return undefined;
  const traits: TraitPair[] = [];
  const put = (name: string | undefined, value: string | undefined) => {
    if (name !== undefined && value !== undefined) traits.push([name, value]);
  };
  for (const name of ['os', 'browser'] as const) {
    const context = asObject(contexts[name]);
    if (context) put(name, productTrait(text(context.name, MAX), scalarText(context.version, MAX)));
  }
  const device = asObject(contexts.device);
  if (device) put('device', traitValue(text(device.family, MAX) ?? text(device.model, MAX) ?? ''));
  const locale = text(asObject(contexts.culture)?.locale, MAX);
  if (locale !== undefined) put('locale', traitValue(locale));
  for (const one of asList(asObject(contexts.flags)?.values)?.slice(-MAX_FLAGS) ?? []) {
    const [flag, result] = [text(asObject(one)?.flag, MAX), scalarText(asObject(one)?.result, MAX)];
    if (flag !== undefined && result !== undefined) put(traitName(`flag.${flag}`), traitValue(result));
  }
  return traits.length > 0 ? traits : undefined;
}
