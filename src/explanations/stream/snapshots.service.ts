import { Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { type Board, type BoardEntry } from '../answers/board.js';
import { Explanations } from '../public.js';

/** Words of an incident in one language; `ifTitle` and `ifBody` are for those of whom nobody knows that it hit them. */
interface SnapshotText {
  readonly areaName: string | null;
  readonly reviewState: 'draft' | 'approved';
  readonly version: number;
  readonly title: string;
  readonly body: string;
  readonly ifTitle: string;
  readonly ifBody: string;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
}

/** Incident as bots keep it, in all languages or in one. */
interface SnapshotItem {
  readonly incidentId: string;
  readonly project: string;
  readonly area: string | null;
  readonly severity: BoardEntry['severity'];
  readonly status: BoardEntry['status'];
  readonly since: Date;
  readonly state: 'active' | 'fixed';
  readonly fixedAt: Date | null;
  readonly nextUpdateAt: Date | null;
  readonly texts: Readonly<Record<string, SnapshotText>>;
  readonly updates: readonly { readonly at: Date; readonly texts: Readonly<Record<string, string>> }[];
}

/** Part of what bots are told that one of them keeps. */
export interface Wanted {
  /** Slug. */
  readonly project?: string;
  readonly locale?: string;
}

/** Writes what bots keep: everything that does not depend on who asks. Times in texts are in UTC and say so. */
@Injectable()
export class Snapshots {
  constructor(
    private readonly explanations: Explanations,
    private readonly projects: Projects,
  ) {}

  /** Lists the incidents that are wanted, in the order in which they are told. */
  entries(board: Board, { project }: Wanted): readonly BoardEntry[] {
    const projectId = this.projects.named(project)?.id;
    return board.entries.filter((entry) => projectId === undefined || entry.projectId === projectId);
  }

  /** Writes one incident. */
  item(entry: BoardEntry, { locale }: Wanted): SnapshotItem {
    const locales =
      locale === undefined ? this.explanations.locales() : [this.explanations.localeFor(locale.replaceAll('_', '-'))];
    const isFixed = entry.resolvedAt !== null;
    return {
      incidentId: String(entry.id),
      project: this.projects.find(entry.projectId)?.slug ?? '',
      area: entry.area,
      severity: entry.severity,
      status: entry.status,
      since: entry.startedAt,
      state: isFixed ? 'fixed' : 'active',
      fixedAt: entry.resolvedAt,
      nextUpdateAt: (!isFixed && this.explanations.promised(entry.updates[0])) || null,
      texts: Object.fromEntries(locales.map((one) => [one, this.text(entry, one, isFixed)])),
      updates: entry.updates.map(({ at, texts }) => ({ at, texts })),
    };
  }

  private text(entry: BoardEntry, locale: string, isFixed: boolean): SnapshotText {
    const reader = { locale, timeZone: null };
    const text = this.explanations.rendered(entry, entry.texts.get(locale), entry.updates[0], reader);
    const plain = isFixed ? { title: text.fixedTitle, body: text.fixed } : { title: text.title, body: text.body };
    const asIf = this.explanations.asIf({ ...plain, locale }, isFixed);
    return {
      areaName: this.explanations.areaOf(entry, locale),
      reviewState: text.reviewState,
      version: text.version,
      ...plain,
      ifTitle: asIf.title,
      ifBody: asIf.body,
      workaround: isFixed ? null : text.workaround,
      nextUpdate: isFixed ? null : text.nextUpdate,
    };
  }
}
