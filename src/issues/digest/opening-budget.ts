/** Whose budget a new issue is paid from: what only claims bring cannot use up the room of what is known. */
export const BUDGET_KINDS = ['server', 'known', 'claimed'] as const;
export type BudgetKind = (typeof BUDGET_KINDS)[number];

/** Who would open an issue. */
export interface Opener {
  readonly kind: BudgetKind;
  readonly keyId: number;
  readonly source: number;
  /** Issues an hour that the key may open, and one source with it; a server key has no limit of its sources. */
  readonly most: { readonly key: number; readonly source: number };
}

/** A count as it is kept: of a project by kind, by kind and key, by kind and source. */
export interface Spent {
  readonly kind: BudgetKind;
  readonly spender: string;
  readonly opened: number;
}

const ALL = 'all';

/** The counts on which an opener depends. */
export function spendersOf({ keyId, source }: Opener): string[] {
  return [ALL, `key:${keyId}`, `source:${source}`];
}

/** Issues of an hour that are left to each spender; fewer with each that is opened. */
export class OpeningBudget {
  private readonly opened = new Map<string, number>();
  private readonly added = new Map<string, number>();

  /** @param most new issues an hour of a project, for each kind */
  constructor(
    spent: readonly Spent[],
    private readonly most: number,
  ) {
    for (const { kind, spender, opened } of spent) this.opened.set(`${kind} ${spender}`, opened);
  }

  /** Whether one more may be opened. */
  hasRoom(opener: Opener): boolean {
    const [all, key, source] = spendersOf(opener).map((spender) => this.opened.get(`${opener.kind} ${spender}`) ?? 0);
    return all! < this.most && key! < opener.most.key && source! < opener.most.source;
  }

  /** Notes that one was opened. */
  spend(opener: Opener): void {
    for (const spender of spendersOf(opener)) {
      const name = `${opener.kind} ${spender}`;
      this.opened.set(name, (this.opened.get(name) ?? 0) + 1);
      this.added.set(name, (this.added.get(name) ?? 0) + 1);
    }
  }

  /** Numbers to be added to the counts. */
  spent(): Spent[] {
    return [...this.added].map(([name, opened]) => {
      const [kind = '', spender = ''] = name.split(' ');
      return { kind: kind as BudgetKind, spender, opened };
    });
  }
}
