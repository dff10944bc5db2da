import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type ForewarnConfig, loadConfig } from '../../src/forewarn-config.js';

const SHIPPED = fileURLToPath(new URL('../../config', import.meta.url));

/** A configuration file as a person writes it. */
export interface ConfigFile {
  projects?: unknown;
  detection?: unknown;
  incidents?: unknown;
  locales?: unknown;
  policies?: unknown;
  [key: string]: unknown;
}

/** Most tests send with the public key, whose word counts here. */
const ALL = ['claimed', 'signed', 'server'];

/** A policy that writes to everybody affected at once; a test overrides what it is about. */
export function aPolicy(about: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: 'default', channels: ['sms', 'email'], approval: 'automatic', trust: ALL, ...about };
}

const DEFAULTS: ConfigFile = {
  projects: [{ slug: 'shop', name: 'Shop' }],
  detection: { newFault: { customers: 3, within: '10m' } },
  incidents: { quietFor: '30m' },
  locales: ['en', 'zh'],
  policies: [aPolicy()],
};

/** Writes a configuration with the texts that come with Forewarn into a new folder. */
export function writeConfig(about: ConfigFile = {}): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'fw-config-'));
  cpSync(join(SHIPPED, 'templates'), join(folder, 'templates'), { recursive: true });
  const path = join(folder, 'forewarn.yaml');
  writeFileSync(path, stringify({ ...DEFAULTS, ...about }));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The same, read. */
export function aConfig(about: ConfigFile = {}): ForewarnConfig {
  const file = writeConfig(about);
  try {
    return loadConfig(file.path);
  } finally {
    file.remove();
  }
}
