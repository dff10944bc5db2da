import { anyText, asList, asObject, type Json, text } from '../reading/read-values.js';

const MAX_PARAM = 1024;

/**
 * A message template with its parameters filled in, as Sentry SDKs send them when they leave the formatting to the
 * server: printf (`%s`, `%d`, `%(name)s`), and `{}`, `{0}`, `{name}`. Places without a parameter stay as they are.
 */
export function formatMessage(template: string, params: unknown, max: number): string {
  const list = asList(params);
  const named = asObject(params);
  if (!list?.length && !named) return template;
  let next = 0;
  const filled = template.replace(PLACE, (place: string, percentName?: string, brace?: string) => {
    if (place === '%%') return '%';
    const key = percentName ?? brace;
    const value = key ? keyed(key, list, named) : list?.[next++];
    return value === undefined ? place : (anyText(value, MAX_PARAM) ?? place);
  });
  return text(filled, max) ?? '';
}

/** `%%`, `%(name)s`, `%-5.2f`, `{}`, `{0}`, `{name}`; every repeat is bounded, so that matching stays linear. */
const PLACE = /%%|%(?:\((\w{1,64})\))?[-+ #0]{0,4}\d{0,4}(?:\.\d{1,4})?[sdifrxXojOuge]|\{(\w{0,64})\}/g;

function keyed(key: string, list: readonly unknown[] | undefined, named: Json | undefined): unknown {
  if (list) return list[Number(key)];
  return named && Object.hasOwn(named, key) ? named[key] : undefined;
}
