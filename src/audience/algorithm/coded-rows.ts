/**
 * Rows in columns, made for counting: every trait is one column of small integers, so that one pass over an array
 * counts a group of rows. A row is a customer, or a line of a table that stands for many.
 */
export interface CodedRows {
  readonly size: number;
  readonly columns: readonly CodedColumn[];
}

/** One trait: for each row the index of its value in `values`, or -1 if the row has none. */
export interface CodedColumn {
  readonly name: string;
  readonly values: readonly string[];
  readonly codes: Int32Array;
}

/** One value of one trait, as indexes into `columns` and into the column's `values`. */
export interface Term {
  readonly column: number;
  readonly code: number;
}

/** Turns the texts of one trait, one a row and undefined where a row has none, into a column. */
export function codeColumn(name: string, texts: readonly (string | undefined)[]): CodedColumn {
  const known = new Map<string, number>();
  const codes = new Int32Array(texts.length).fill(-1);
  texts.forEach((text, row) => {
    if (text === undefined) return;
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    codes[row] = code;
  });
  return { name, values: [...known.keys()], codes };
}

/** Lists the numbers of all rows, in order. */
export function allRows(rows: CodedRows): Int32Array {
  return Int32Array.from({ length: rows.size }, (_, row) => row);
}

/**
 * Picks the rows of `among` that have every term. A plain loop: `filter` of a typed array takes several times as long.
 */
export function rowsWith(rows: CodedRows, among: Int32Array, terms: readonly Term[]): Int32Array {
  return terms.reduce((left, { column, code }) => {
    const codes = rows.columns[column]?.codes;
    const kept = new Int32Array(left.length);
    let count = 0;
    for (const row of left) if (codes?.[row] === code) kept[count++] = row;
    return kept.subarray(0, count);
  }, among);
}

/** Sums `weight` over the rows `members` for each value of a column, into the first entries of `into`. The hot loop. */
export function sumByCode(column: CodedColumn, members: Int32Array, weight: Float64Array, into: Float64Array): void {
  const { codes } = column;
  into.fill(0, 0, column.values.length);
  for (let index = 0; index < members.length; index += 1) {
    const row = members[index] as number;
    const code = codes[row] as number;
    if (code >= 0) into[code] = (into[code] as number) + (weight[row] as number);
  }
}

/** Sums `weight` over the rows `members`. */
export function sumOver(members: Int32Array, weight: Float64Array): number {
  let sum = 0;
  for (const row of members) sum += weight[row] ?? 0;
  return sum;
}

/** Writes a combination as people and files do, `os=14&release=2.4.1`: terms in alphabetical order. */
export function combinationText(rows: CodedRows, terms: readonly Term[]): string {
  return termTexts(rows, terms).join('&');
}

/** Writes each term as `os=14`, in alphabetical order. */
export function termTexts(rows: CodedRows, terms: readonly Term[]): string[] {
  const texts = terms.map(({ column, code }) => {
    const trait = rows.columns[column];
    return `${trait?.name ?? ''}=${trait?.values[code] ?? ''}`;
  });
  return texts.sort();
}
