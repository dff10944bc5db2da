import { Injectable } from '@nestjs/common';
import { isSigned, type SignedId } from '../../events/signature.js';
import { Metrics } from '../../platform/metrics.js';
import { type Trust } from '../../projects/project-key.js';
import { Projects } from '../../projects/project.registry.js';
import { type Sender } from '../sender.js';

/** Says how what an event tells of its customer is known. */
@Injectable()
export class TrustKeeper {
  private readonly refused;

  constructor(
    private readonly projects: Projects,
    metrics: Metrics,
  ) {
    const help = 'Signatures of customer ids that no signing key of the project made; the event counts as a claim.';
    this.refused = metrics.counter('intake_signatures_refused_total', help, ['project']);
  }

  /** Judges evidence: known from a server key, signed with a right signature, else a claim. Counts wrong signatures. */
  of(sender: Sender, signed: SignedId | undefined): Trust {
    if (sender.trust === 'server') return 'server';
    if (!signed) return sender.trust;
    if (isSigned(signed, this.projects.signingSecrets(sender.id))) return 'signed';
    this.refused.inc({ project: this.projects.find(sender.id)?.slug ?? 'unknown' });
    return sender.trust;
  }
}
