import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { configPath, type ForewarnConfig, loadConfig } from '../forewarn-config.js';
import { Settings } from '../platform/config/settings.js';
import { messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';

/** Injection token of the configuration that is in force. */
export const RUNNING_CONFIG = Symbol('running-config');

/** Outcome of a reload: sections that changed and are in force now, those whose change waits for a restart, or why the file was refused. */
export type Reloaded =
  | { readonly kind: 'loaded'; readonly changed: readonly string[]; readonly needsRestart: readonly string[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Sections that are read anew each time they are asked, so that a change of theirs holds at once. */
const LIVE = ['policies', 'outreach', 'locales', 'texts'] as const;

/**
 * Reads the configuration file again. A file with a problem changes nothing. Policies, ceilings and texts are replaced in place; whatever is worked
 * out at the start waits for a restart, and the answer says so.
 */
@Injectable()
export class ConfigReload {
  constructor(
    @Inject(RUNNING_CONFIG) private readonly running: ForewarnConfig,
    private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Reloads this process. */
  reload(path = configPath(this.settings)): Reloaded {
    let next: ForewarnConfig;
    try {
      next = loadConfig(path);
    } catch (error) {
      const problems = messageOf(error)
        .split('\n')
        .map((line) => line.trim());
      this.logger.error({ problems }, 'the configuration was not reloaded; the one before stays in force');
      return { kind: 'refused', problems };
    }
    const differing = sectionsOf(next).filter((section) => !isDeepStrictEqual(this.running[section], next[section]));
    const isLive = (section: string) => (LIVE as readonly string[]).includes(section);
    const needsRestart = differing.filter((section) => !isLive(section));
    const changed = differing.filter(isLive);
    if (changed.includes('policies')) replaceList(this.running.policies, next.policies);
    if (changed.includes('outreach'))
      Object.assign(this.running.outreach, { countries: undefined, prices: undefined }, next.outreach);
    if (changed.includes('locales')) replaceList(this.running.locales, next.locales);
    if (changed.includes('texts')) replaceMap(this.running.texts, next.texts);
    this.logger.info({ changed, needsRestart }, 'the configuration was reloaded');
    return { kind: 'loaded', changed, needsRestart };
  }
}

function sectionsOf(config: ForewarnConfig): (keyof ForewarnConfig)[] {
  return Object.keys(config) as (keyof ForewarnConfig)[];
}

function replaceList<T>(list: readonly T[], by: readonly T[]): void {
  (list as T[]).splice(0, list.length, ...by);
}

function replaceMap<K, V>(map: ReadonlyMap<K, V>, by: ReadonlyMap<K, V>): void {
  const own = map as Map<K, V>;
  own.clear();
  for (const [key, value] of by) own.set(key, value);
}
