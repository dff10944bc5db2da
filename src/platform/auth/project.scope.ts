import { Injectable, SetMetadata } from '@nestjs/common';

/** Kinds of things that the path parameter `id` can name; each thing belongs to one project. */
export type Scoped = 'project' | 'issue' | 'incident' | 'campaign';

/** How a route keeps to the project of a token: by what `id` in its path names, or by its query parameter `project`. */
export type ScopeBy = Scoped | 'query';

/** Metadata key that `Access` reads off a handler. */
export const SCOPE = 'forewarn:scope';

/**
 * Opens a route to tokens of one project. A route without it is closed to them, so that a new one never shows what belongs to others. With
 * `query` the parameter `project` is set to the token's own where the caller left it out; the handler must filter by it.
 */
export const OfProject = (by: ScopeBy) => SetMetadata(SCOPE, by);

/** Finds the project of what an id names; undefined when there is no such thing. */
export type FindProject = (id: number) => Promise<number | undefined>;

/** Which project something belongs to, as the room that owns it says. */
@Injectable()
export class ProjectScopes {
  private readonly finders = new Map<Scoped, FindProject>();
  private slug: (projectId: number) => string | undefined = () => undefined;

  /** Says how to find the project of one kind of thing. */
  register(kind: Scoped, find: FindProject): void {
    this.finders.set(kind, find);
  }

  /** Says how to find the slug of a project. */
  nameBy(slug: (projectId: number) => string | undefined): void {
    this.slug = slug;
  }

  slugOf(projectId: number): string | undefined {
    return this.slug(projectId);
  }

  /** The project of what an id names; undefined for an id that names nothing. */
  async projectOf(kind: Scoped, id: string): Promise<number | undefined> {
    const find = this.finders.get(kind);
    if (!find) throw new Error(`nobody says which project a ${kind} belongs to`);
    return /^\d{1,15}$/.test(id) ? find(Number(id)) : undefined;
  }
}
