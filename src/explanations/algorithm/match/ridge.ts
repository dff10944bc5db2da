/** Weight of being small against being right in the ridge: large, so that close neighbours share what they say. */
const PENALTY = 3;
/** Units at most: comparing them all with each other costs their number squared, solving cubed. */
export const MOST_UNITS = 700;

/**
 * Weights of kernel ridge regression, one column a class: the sum of a text's likeness with each unit times the unit's weight says how much
 * the text belongs to the class. Units that say the same share their say, which a mean over units does not give.
 * @param kernel likeness of the units among each other, symmetric
 * @param classOf class of each unit, 0 to `classes` - 1
 */
export function ridgeWeights(
  kernel: readonly Float64Array[],
  classOf: readonly number[],
  classes: number,
): Float64Array[] {
  const size = kernel.length;
  const factor = cholesky(kernel);
  const weights = Array.from({ length: size }, () => new Float64Array(classes));
  const column = new Float64Array(size);
  for (let wanted = 0; wanted < classes; wanted += 1) {
    for (let row = 0; row < size; row += 1) column[row] = classOf[row] === wanted ? 1 : -1 / classes;
    solve(factor, column);
    for (let row = 0; row < size; row += 1) weights[row]![wanted] = column[row]!;
  }
  return weights;
}

function cholesky(kernel: readonly Float64Array[]): Float64Array[] {
  const factor: Float64Array[] = [];
  for (let row = 0; row < kernel.length; row += 1) {
    const mine = new Float64Array(row + 1);
    for (let column = 0; column <= row; column += 1) {
      const other = column === row ? mine : factor[column]!;
      let sum = kernel[row]![column]! + (row === column ? PENALTY : 0);
      for (let at = 0; at < column; at += 1) sum -= mine[at]! * other[at]!;
      mine[column] = row === column ? Math.sqrt(Math.max(sum, 1e-9)) : sum / other[column]!;
    }
    factor.push(mine);
  }
  return factor;
}

function solve(factor: readonly Float64Array[], column: Float64Array): void {
  const size = factor.length;
  for (let row = 0; row < size; row += 1) {
    const line = factor[row]!;
    let sum = column[row]!;
    for (let at = 0; at < row; at += 1) sum -= line[at]! * column[at]!;
    column[row] = sum / line[row]!;
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    const value = column[row]! / factor[row]![row]!;
    column[row] = value;
    const line = factor[row]!;
    for (let at = 0; at < row; at += 1) column[at]! -= line[at]! * value;
  }
}
