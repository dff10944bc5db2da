import { Inject, Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type TemplateValues } from '../../explanations/reader.js';
import { type Incident } from '../../incidents/incident.js';
import { Projects } from '../../projects/project.registry.js';
import { type ApprovedWords, fillApproved, pickApproved } from '../algorithm/approved-text.js';
import { type ApprovedText, type MessageSection } from '../approved-texts-config.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';

/** A message that a text is looked for. */
export interface About {
  readonly section: MessageSection;
  readonly locale: string;
  readonly incident: Pick<Incident, 'projectId' | 'area'>;
}

/** Texts of channels whose provider sends only what it approved before. */
@Injectable()
export class ApprovedTexts {
  constructor(
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly projects: Projects,
  ) {}

  /** True if a channel carries a message: its provider takes any text, or approved one for it. */
  carries(channel: Channel, about: About): boolean {
    return this.textsOf(channel) === undefined || this.find(channel, about) !== undefined;
  }

  /** The approved text of a message; undefined on a channel that takes any text, and where none was approved. */
  find(channel: Channel, { section, locale, incident }: About): ApprovedText | undefined {
    const texts = this.textsOf(channel);
    const project = this.projects.find(incident.projectId)?.slug ?? '';
    return texts && pickApproved(texts, { section, locale, project, area: incident.area });
  }

  /** The same, filled. */
  write(channel: Channel, about: About, values: TemplateValues): ApprovedWords | undefined {
    const text = this.find(channel, about);
    return text && fillApproved(text, values);
  }

  private textsOf(channel: Channel): readonly ApprovedText[] | undefined {
    return channel === 'sms' ? this.config.approvedTexts.sms : undefined;
  }
}
