import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { Projects } from '../../projects/project.registry.js';
import { blockedOf, IDENTITY_CONFIG, type IdentityConfig } from '../identity-config.js';
import { CustomerDirectory } from '../public.js';
import { type LinkedKind, type LinkedName, LinkStore } from './link.store.js';

/** Who links or unlinks a name, and why. */
export interface LinkOrder extends LinkedName {
  readonly customerId: number;
  readonly directory: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

/** Names from the strongest to the weakest; hits of a stranger came under the strongest. */
const STRENGTH: readonly string[] = ['id', 'email', 'phone', 'username', 'device'];

/** Links names to customers by hand, and undoes it. */
@Injectable()
export class Links {
  private readonly blocked: ReadonlySet<string>;

  constructor(
    private readonly store: LinkStore,
    private readonly directory: CustomerDirectory,
    private readonly projects: Projects,
    private readonly database: Database,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
  ) {
    this.blocked = blockedOf(config);
  }

  /**
   * Links a name; what a stranger suffered under it counts for the customer from now on. Doing it again changes nothing.
   * @throws Problem 400 for a name that is nobody's, 409 for one that is somebody else's or one too many
   */
  async link(order: LinkOrder, now: Date): Promise<void> {
    const { customerId, kind, value } = order;
    if (this.blocked.has(value.toLowerCase()))
      throw new Problem(400, 'invalid', "value: identity.blocked lists it as nobody's.");
    const directoryId = this.projects.directory(order.directory).id;
    await this.database.transaction(async (tx) => {
      const owner = await this.store.owner(tx, directoryId, { kind, value });
      if (owner && (owner.mergedInto ?? owner.ownerId) === customerId) return;
      if (owner && (owner.mergedInto !== null || owner.source === 'directory'))
        throw taken(kind, await this.idOf(tx, owner.mergedInto ?? owner.ownerId), 'unlink it there first');
      if (owner?.kinds.includes('id'))
        throw taken(kind, await this.idOf(tx, owner.ownerId), 'whose id an event gave with it');
      await this.withinLimit(tx, customerId, kind, now);
      const own = owner && this.strongest(owner.kinds) === kind ? owner.ownerId : undefined;
      if (own !== undefined) await this.store.merge(tx, own, customerId, { kind, value }, now);
      const strangerId = own ?? (await this.store.makeAlias(tx, directoryId, customerId, { kind, value }, now));
      await this.directory.nameMoved(tx);
      const { actor, reason } = order;
      await this.store.record(tx, {
        customerId,
        strangerId,
        kind,
        value,
        action: 'linked',
        cause: 'person',
        actor,
        reason,
        at: now,
      });
    });
  }

  /**
   * Undoes the links of a name: what came under it goes back to the stranger, and a login does not link it to this customer again.
   * @returns how many strangers went back
   * @throws Problem 404 for a name that is not linked to the customer, 409 for one that the directory gives
   */
  async unlink(order: LinkOrder, now: Date): Promise<number> {
    const { customerId, kind, value, actor, reason } = order;
    const directoryId = this.projects.directory(order.directory).id;
    return this.database.transaction(async (tx) => {
      const owner = await this.store.owner(tx, directoryId, { kind, value });
      const back = await this.store.unmerge(tx, customerId, { kind, value }, null, now);
      if (back.length === 0 && owner?.ownerId === customerId)
        throw new Problem(409, 'conflict', `The directory gives this ${kind}; take it out there.`);
      if (back.length === 0) throw new Problem(404, 'not-found', `No such ${kind} is linked to the customer.`);
      for (const strangerId of back)
        await this.store.record(tx, {
          customerId,
          strangerId,
          kind,
          value,
          action: 'unlinked',
          cause: 'person',
          actor,
          reason,
          at: now,
        });
      await this.directory.nameMoved(tx);
      return back.length;
    });
  }

  private strongest(kinds: readonly string[]): string | undefined {
    return STRENGTH.find((one) => kinds.includes(one));
  }

  private async idOf(tx: Tx, id: number): Promise<string | undefined> {
    return (await this.directory.externalIds(tx, [id])).get(id);
  }

  private async withinLimit(tx: Tx, customerId: number, kind: LinkedKind, now: Date): Promise<void> {
    const { most, per } = this.config.limits[kind];
    const linked = await this.store.linkedSince(tx, customerId, kind, new Date(now.getTime() - per));
    if (linked < most) return;
    throw new Problem(
      409,
      'conflict',
      `${most} names of the kind ${kind} were linked to the customer lately; identity.limits.${kind} allows no more.`,
    );
  }
}

function taken(kind: LinkedKind, id: string | undefined, how: string): Problem {
  const whose = id === undefined ? 'another customer' : `the customer "${id}"`;
  return new Problem(409, 'conflict', `This ${kind} belongs to ${whose}; ${how}.`);
}
