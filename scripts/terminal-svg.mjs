// Draws terminal output as an SVG picture: reads lines with ANSI colours from standard input.
// usage: FORCE_COLOR=1 npm run --silent demo | node scripts/terminal-svg.mjs [FROM-TO[,FROM-TO...]] > docs/images/demo.svg
// Line ranges count from 1; lines left out between two of them show as one line of dots.
import { text } from 'node:stream/consumers';

const CHAR = 8.4;
const LINE = 19;
const PAD = 16;
const COLOURS = { 2: '#8b949e', 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#79c0ff' };
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Text for XML, with no-break spaces, since viewers join others. */
function escape(part) {
  return part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');
}

/** A line as `tspan` elements, each placed at its column. */
function spans(line) {
  let column = 0;
  let out = '';
  const [plain, ...styled] = line.split('\u001b[');
  for (const piece of [`0m${plain}`, ...styled]) {
    const end = piece.indexOf('m');
    const code = piece.slice(0, end);
    const part = piece.slice(end + 1);
    const colour = COLOURS[code];
    const style = code === '1' ? 'font-weight="bold"' : colour ? `fill="${colour}"` : '';
    if (part === '') continue;
    out += `<tspan x="${(PAD + column * CHAR).toFixed(1)}" ${style}>${escape(part)}</tspan>`;
    column += [...part].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
  }
  return { out, column };
}

const all = (await text(process.stdin)).trimEnd().split('\n');
const ranges = (process.argv[2] ?? `1-${all.length}`).split(',').map((range) => range.split('-').map(Number));
const lines = ranges.flatMap(([from, to], at) => [
  ...(at > 0 ? ['\u001b[2m   ⋮\u001b[0m'] : []),
  ...all.slice(from - 1, to),
]);
const drawn = lines.map(spans);
const width = Math.ceil(Math.max(...drawn.map((line) => line.column)) * CHAR + 2 * PAD);
const height = lines.length * LINE + 2 * PAD;
process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Output of npm run demo">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'Noto Sans Mono CJK SC', monospace" font-size="14" fill="#e6edf3">
${drawn.map((line, at) => `<text y="${PAD + 14 + at * LINE}">${line.out}</text>`).join('\n')}
</g>
</svg>
`);
