/**
 * A named SQL statement, prepared once a session. The server keeps its plan until the tables are analysed, so names are for statements
 * that find rows by key. Statements that join or add up fast-growing tables are plain text and planned each time.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A statement with its values that nobody has run yet. */
export interface Bound {
  readonly statement: Statement | string;
  readonly values: readonly unknown[];
}

/** Something that runs SQL: the pool, or one transaction. */
export interface Sql {
  /** Runs one statement and returns its rows. */
  query<Row extends object>(statement: Statement | string, values?: readonly unknown[]): Promise<Row[]>;
}

/** An open transaction; hand it to every store that shall commit together. */
export interface Tx extends Sql {
  /** Takes a lock until the end of the transaction; false when another session holds it. */
  tryLock(name: string): Promise<boolean>;
  /**
   * Waits until it has the lock of this name, alone or beside others who share it, and holds it until the transaction ends. Who wants it alone waits as long
   * as a statement may take, for this lock and for those of rows: many may share it one after the other.
   */
  lock(name: string, how: 'alone' | 'shared'): Promise<void>;
  /**
   * Ends the transaction: these statements and COMMIT travel in one round trip as soon as the work has returned. From this call on
   * every further statement throws, and the work still can: then nothing is kept.
   */
  commitWith(...bound: readonly Bound[]): void;
  /** Does something once all of this is committed, such as a line in the log; not where it is rolled back. It must not throw. */
  afterCommit(then: () => void): void;
}

/** Binds values to a statement, to be run by `commitWith` or `runAll`. */
export function bind(statement: Statement | string, values: readonly unknown[] = []): Bound {
  return { statement, values };
}

/** Runs bound statements in one round trip, in order. */
export async function runAll(sql: Sql, bound: readonly Bound[]): Promise<void> {
  await Promise.all(bound.map(({ statement, values }) => sql.query(statement, values)));
}

/**
 * The one row that a statement always answers with.
 * @param what names the row in the error, for example `the new incident`
 * @throws when there is no row or more than one: a state that the schema rules out
 */
export function onlyRow<Row>(rows: readonly Row[], what: string): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1)
    throw new Error(`the database answered ${rows.length} rows for ${what}, not one`);
  return row;
}

/**
 * The element of a list that answers the element at the same place of another.
 * @throws when the list is shorter, which would pair the wrong rows
 */
export function rowAt<Row>(rows: readonly Row[], at: number, what: string): Row {
  const row = rows[at];
  if (row === undefined)
    throw new Error(`the database answered ${rows.length} rows for ${what}, too few for number ${at + 1}`);
  return row;
}
