import { type Colour, Picture } from './png.js';

const WIDTH = 560;
const ROW = 26;
const BAR = 18;
const LEFT = 34;
/** White, grey, and a red that is seen on both. */
const PALETTE: readonly Colour[] = [
  [255, 255, 255],
  [90, 98, 110],
  [198, 60, 60],
];
const [GREY, RED] = [1, 2];
/** Digits of 3 x 5 points, a row each, the highest bit left. */
const DIGITS = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 2, 2, 2],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
];
/** Pixels of a point of a digit. */
const POINT = 3;

/** Draws a bar for each value, numbered from 1, the longest as long as there is room; names stand in the table beside it. */
export function barChart(values: readonly number[]): Buffer {
  const picture = new Picture(WIDTH, Math.max(1, values.length) * ROW, PALETTE);
  const most = Math.max(...values, 0);
  values.forEach((value, at) => {
    write(picture, String(at + 1), 2, at * ROW + 5);
    const length = most > 0 ? Math.max(2, Math.round(((WIDTH - LEFT) * value) / most)) : 2;
    picture.fill(LEFT, at * ROW + (ROW - BAR) / 2, length, BAR, RED);
  });
  return picture.toPng();
}

function write(picture: Picture, number: string, left: number, top: number): void {
  [...number].forEach((digit, nth) =>
    DIGITS[Number(digit)]?.forEach((row, y) => {
      for (let x = 0; x < 3; x++)
        if (row & (4 >> x)) picture.fill(left + (nth * 4 + x) * POINT, top + y * POINT, POINT, POINT, GREY);
    }),
  );
}
