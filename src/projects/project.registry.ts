import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from './projects-config.js';
import { type Project } from './project.js';
import { ProjectStore } from './registry/project.store.js';

/** How long a key that was not found is not asked for again, and a project list is trusted. */
const TRUST_MS = 10_000;

/** The projects and their keys, kept in memory since every request needs them. */
@Injectable()
export class Projects {
  private byKey = new Map<string, Project>();
  private projects: readonly Project[] = [];
  private loadedAt = 0;

  constructor(
    @Inject(PROJECTS_CONFIG) private readonly config: ProjectsConfig,
    private readonly store: ProjectStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Brings the table in line with the configuration; projects that left it stay, since their issues do. */
  async sync(): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      for (const { slug, name } of this.config) {
        const id = await this.store.upsert(tx, slug, name, now);
        await this.store.ensureKey(tx, id, Buffer.from(this.clock.token(16), 'base64url').toString('hex'), now);
      }
    });
    await this.load();
  }

  /** All projects, oldest first. */
  list(): readonly Project[] {
    return this.projects;
  }

  /** The project with this id, undefined when there is none. */
  find(id: number): Project | undefined {
    return this.projects.find((project) => project.id === id);
  }

  /** The project that a key opens; a key that another process made a moment ago is found after a reload. */
  async byPublicKey(key: string): Promise<Project | undefined> {
    const found = this.byKey.get(key);
    if (found || this.clock.now().getTime() - this.loadedAt < TRUST_MS) return found;
    await this.load();
    return this.byKey.get(key);
  }

  private async load(): Promise<void> {
    this.projects = await this.store.list(this.database);
    this.byKey = new Map(this.projects.flatMap((project) => project.keys.map((key) => [key, project])));
    this.loadedAt = this.clock.now().getTime();
  }
}
