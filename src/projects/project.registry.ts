import { hash as digestOf } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { isDatabaseAway } from '../platform/db/pg-error.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from './projects-config.js';
import { Problem } from '../platform/errors.js';
import { type Directory, type OpenedProject, type Project } from './project.js';
import { allowsOrigin, keyHash, limitsOf } from './project-key.js';
import { KeyStore } from './registry/key.store.js';
import { ProjectStore } from './registry/project.store.js';

const HOUR = 3_600_000;
/** Age from which on the list is read again beside the request that found it so old, and the age at which requests wait for that: a revoked key works no longer. */
const OLD_MS = 5_000;
const TOO_OLD_MS = 9_000;

/** Sources remembered between two reads of the list, by judgement, so that a request of an address seen before costs no hash. */
const MOST_SOURCES = 10_000;

/** All projects and their keys as of one moment. */
interface Loaded {
  readonly projects: readonly Project[];
  readonly byId: ReadonlyMap<number, Project>;
  readonly directories: readonly Directory[];
  readonly byPublicKey: ReadonlyMap<string, OpenedProject>;
  /** By the hash of the key, in hex. */
  readonly byHash: ReadonlyMap<string, OpenedProject>;
  /** Secrets of signing keys by project, newest first. */
  readonly signing: ReadonlyMap<number, readonly string[]>;
  readonly byKeyId: ReadonlyMap<number, OpenedProject>;
  readonly hour: number;
  readonly salt: Buffer;
  /** Answers of `sourceOf`, by key and address. */
  readonly sources: Map<string, number>;
}

const NOTHING: Loaded = {
  projects: [],
  byId: new Map(),
  directories: [],
  byPublicKey: new Map(),
  byHash: new Map(),
  signing: new Map(),
  byKeyId: new Map(),
  hour: 0,
  salt: Buffer.alloc(16),
  sources: new Map(),
};

/** The projects and their keys, kept in memory since every request needs them, and read again every few seconds. */
@Injectable()
export class Projects {
  private loaded = NOTHING;
  private loadedAt = 0;
  private loading: Promise<void> | undefined;
  private readonly keys = new KeyStore();

  constructor(
    @Inject(PROJECTS_CONFIG) private readonly config: ProjectsConfig,
    private readonly store: ProjectStore,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Brings the table in line with the configuration. Projects that left it stay, since their issues do, but none of their keys works. */
  async sync(): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      for (const { slug, name, directory = slug } of this.config) {
        await this.store.renameDirectory(tx, slug, directory);
        const directoryId = await this.store.ensureDirectory(tx, directory);
        const id = await this.store.upsert(tx, { slug, name, directoryId }, now);
        await this.store.ensureKey(tx, id, Buffer.from(this.clock.token(16), 'base64url').toString('hex'), now);
      }
      const slugs = this.config.map(({ slug }) => slug);
      await this.store.markLeft(tx, slugs, now);
    });
    await this.load();
  }

  /** All projects, oldest first. */
  list(): readonly Project[] {
    return this.loaded.projects;
  }

  /**
   * The project that a request names by its slug; undefined where it names none.
   * @throws Problem 400 when there is no such project
   */
  named(slug: string): Project;
  named(slug: string | undefined): Project | undefined;
  named(slug: string | undefined): Project | undefined {
    if (slug === undefined) return undefined;
    const project = this.list().find((one) => one.slug === slug);
    if (!project) throw new Problem(400, 'invalid', `project: there is no project "${slug}".`);
    return project;
  }

  /** The project with this id, undefined when there is none. */
  find(id: number): Project | undefined {
    return this.loaded.byId.get(id);
  }

  /** The project that a key opens: a public key, or one of a server. Waits only where what is loaded is too old. */
  open(key: string): OpenedProject | undefined | Promise<OpenedProject | undefined> {
    const age = this.clock.now().getTime() - this.loadedAt;
    if (age >= TOO_OLD_MS) return this.refresh().then(() => this.opened(key));
    if (age >= OLD_MS) void this.refresh();
    return this.opened(key);
  }

  private opened(key: string): OpenedProject | undefined {
    return this.loaded.byPublicKey.get(key) ?? this.loaded.byHash.get(keyHash(key).toString('hex'));
  }

  /** A key that works by its id, as far as this process knows. */
  keyOf(id: number): OpenedProject['key'] | undefined {
    if (this.clock.now().getTime() - this.loadedAt >= OLD_MS) void this.refresh();
    return this.loaded.byKeyId.get(id)?.key;
  }

  /** Whether a page of this origin may use one of the project's public keys. */
  allowsOrigin(projectId: number, origin: string): boolean {
    return [...this.loaded.byKeyId.values()].some(
      ({ project, key }) => project.id === projectId && key.kind === 'public' && allowsOrigin(key.origins, origin),
    );
  }

  /** Secrets with which the project's servers sign ids, newest first. */
  signingSecrets(projectId: number): readonly string[] {
    return this.loaded.signing.get(projectId) ?? [];
  }

  /**
   * A number that stands for a key and an address within one hour, at most 2^53 - 1: five bits of the hour, 48 of a salted hash. The salt is
   * deleted after the hour, so that the number leads nobody back to the address.
   */
  sourceOf(keyId: number, address: string): number {
    const { hour, salt, sources } = this.loaded;
    const name = `${keyId} ${address}`;
    const known = sources.get(name);
    if (known !== undefined) return known;
    const salted = Buffer.concat([salt, Buffer.from(name)]);
    const source = (hour % 32) * 2 ** 48 + Number.parseInt(digestOf('sha256', salted).slice(0, 12), 16);
    if (sources.size < MOST_SOURCES) sources.set(name, source);
    return source;
  }

  /**
   * The directory of this name; without one, that of the first project in the configuration.
   * @throws Problem 400 for a name that no directory has
   */
  directory(name?: string): Directory {
    const [first] = this.config;
    const wanted = name ?? first?.directory ?? first?.slug;
    const { directories } = this.loaded;
    const found = directories.find((one) => one.name === wanted);
    if (found) return found;
    const names = directories.map((one) => one.name).join(', ');
    throw new Problem(400, 'invalid', `directory: there is no directory "${wanted}"; there are ${names}.`);
  }

  /** Reads everything again, at once; for who just changed it, or misses what another process made a moment ago. */
  async load(): Promise<void> {
    const startedAt = this.clock.now().getTime();
    const hour = Math.floor(startedAt / HOUR);
    const candidate = Buffer.from(this.clock.token(16), 'base64url');
    const salt =
      hour === this.loaded.hour
        ? this.loaded.salt
        : await this.keys.salt(this.database, new Date(hour * HOUR), candidate);
    const [projects, rows, directories] = await Promise.all([
      this.store.list(this.database),
      this.keys.working(this.database),
      this.store.directories(this.database),
    ]);
    const opened = new Map<number, OpenedProject>();
    const withKeys = projects.map((project) => ({
      ...project,
      keys: rows.flatMap(({ projectId, publicKey }) => (projectId === project.id && publicKey ? [publicKey] : [])),
    }));
    const byId = new Map(withKeys.map((project) => [project.id, project]));
    for (const { id, projectId, kind, origins, limits } of rows) {
      const project = byId.get(projectId);
      if (project) opened.set(id, { project, key: { id, kind, origins, limits: limitsOf(limits) } });
    }
    this.loaded = {
      projects: withKeys,
      byId,
      directories,
      byPublicKey: new Map(rows.flatMap(({ id, publicKey }) => (publicKey ? [[publicKey, opened.get(id)!]] : []))),
      byHash: new Map(rows.flatMap(({ id, keyHash: hash }) => (hash ? [[hash.toString('hex'), opened.get(id)!]] : []))),
      signing: secretsByProject(rows),
      byKeyId: opened,
      hour,
      salt,
      sources: new Map(),
    };
    this.loadedAt = startedAt;
  }

  /** Never rejects. While the database is away what was read last holds: events are then refused or wait in the message log. */
  private refresh(): Promise<void> {
    this.loading ??= this.load()
      .catch((error: unknown) => {
        if (!isDatabaseAway(error)) this.logger.error({ err: error }, 'the keys of projects could not be read again');
      })
      .finally(() => (this.loading = undefined));
    return this.loading;
  }
}

function secretsByProject(
  rows: readonly { readonly projectId: number; readonly secret: string | null }[],
): Map<number, string[]> {
  const secrets = new Map<number, string[]>();
  for (const { projectId, secret } of rows) {
    if (secret !== null) secrets.set(projectId, [secret, ...(secrets.get(projectId) ?? [])]);
  }
  return secrets;
}
