import { Inject, Injectable } from '@nestjs/common';
import { type Incident } from '../../incidents/incident.js';
import { Outlooks, type OutreachOutlook } from '../../incidents/outlook.registry.js';
import { type Sql } from '../../platform/db/database.js';
import { Projects } from '../../projects/project.registry.js';
import { policiesFor } from '../algorithm/decide.js';
import { outlookWords } from '../algorithm/outlook.js';
import { SwitchStore } from '../brakes/switch.store.js';
import { ToldStore } from '../messages/told.store.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';

/** Says at an incident whom its outreach reached and what still waits. */
@Injectable()
export class OutreachOutlooks {
  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly projects: Projects,
    private readonly told: ToldStore,
    private readonly lists: MessageReadModel,
    private readonly switches: SwitchStore,
    outlooks: Outlooks,
  ) {
    outlooks.readBy((sql, incident) => this.read(sql, incident));
  }

  private async read(sql: Sql, incident: Incident): Promise<OutreachOutlook> {
    const family = [incident.id, ...incident.mergedIds];
    const policies = policiesFor(this.policies, {
      ...incident,
      project: this.projects.find(incident.projectId)?.slug ?? '',
    });
    const { told, untoldEnd } = await this.told.countTold(sql, family);
    const waiting = await this.lists.waitingOf(sql, incident.id);
    const words = outlookWords({
      resolved: incident.status === 'resolved',
      told,
      untoldEnd,
      waiting,
      held: (await this.switches.read(sql)).sending === 'held',
      onResolve: policies.length > 0 ? policies.some(({ onResolve }) => onResolve) : null,
    });
    return { told, waiting: waiting.map(({ id, ...rest }) => ({ campaignId: String(id), ...rest })), words };
  }
}
