import { Injectable } from '@nestjs/common';
import { type Identity } from '../../customers/customer.js';
import { isNobody, normalEmail, normalName } from '../../customers/identity.js';
import { CustomerDirectory } from '../../customers/public.js';
import { type Sql } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Project } from '../../projects/project.js';
import { Projects } from '../../projects/project.registry.js';

/** Names by which a support channel knows a customer, and where those names are of. */
export interface SenderNames {
  readonly customer?: string;
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  /** Slug. */
  readonly project?: string;
  /** Name of a list of customers. */
  readonly directory?: string;
}

/** Place where a contact belongs. */
export interface Place {
  /** The one project that was named; null where none was. */
  readonly projectId: number | null;
  /** Projects whose incidents it may be about. */
  readonly projectIds: ReadonlySet<number>;
}

/** Finds out who makes contact. */
@Injectable()
export class Senders {
  constructor(
    private readonly directory: CustomerDirectory,
    private readonly projects: Projects,
  ) {}

  /**
   * Finds where names are of: the project that is named, or all projects of the directory.
   * @throws Problem 400 for a project or directory that does not exist, or a project of another directory
   */
  place({ project, directory }: SenderNames): Place {
    const one = this.projects.named(project);
    if (one && directory !== undefined && this.projects.directory(directory).id !== one.directory.id)
      throw new Problem(400, 'invalid', `directory: project "${one.slug}" has its customers in another directory.`);
    if (one) return { projectId: one.id, projectIds: new Set([one.id]) };
    return { projectId: null, projectIds: new Set(this.projectsOf(directory).map(({ id }) => id)) };
  }

  /** Finds the customer who has the first of these names that somebody has; null where nobody does. */
  async find(sql: Sql, names: SenderNames): Promise<number | null> {
    const identities = identitiesOf(names);
    const [projectId] = this.place(names).projectIds;
    if (identities.length === 0 || projectId === undefined) return null;
    const [found] = await this.directory.findKnown(sql, [{ projectId, identities }]);
    return found ?? null;
  }

  /**
   * Finds the customer with this id.
   * @throws Problem 404 where nobody has it, so that a wrong id never looks like one without contacts
   */
  async require(sql: Sql, externalId: string, directory: string | undefined): Promise<number> {
    const found = await this.find(sql, { customer: externalId, ...(directory !== undefined && { directory }) });
    if (found === null) throw notFound('customer', externalId.slice(0, 200));
    return found;
  }

  private projectsOf(directory: string | undefined): readonly Project[] {
    const { id } = this.projects.directory(directory);
    return this.projects.list().filter((one) => one.directory.id === id);
  }
}

function identitiesOf({ customer, email, phone }: SenderNames): Identity[] {
  const identities: Identity[] = [];
  if (customer !== undefined && !isNobody(customer)) identities.push({ kind: 'id', value: normalName(customer) });
  if (email !== undefined && !isNobody(email)) identities.push({ kind: 'email', value: normalEmail(email) });
  if (phone !== undefined) identities.push({ kind: 'phone', value: phone });
  return identities;
}
