import { type Hurt } from '../../contacts/hurt.js';
import { escapeHtml } from '../../platform/http/html.js';
import { barChart } from './bar-chart.js';

/** A mail about a week, with its picture. */
interface WeeklyMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly images: readonly { readonly cid: string; readonly png: Buffer }[];
}

const CHART = 'chart@forewarn';
const CELL = 'style="padding:2px 10px 2px 0;text-align:left"';
const HEADS = ['', 'what', 'customers hit', 'contacts', 'use fell off', 'score'];

/** Writes what hurt customers most in a week, worst first. Names of projects, areas and releases and counts alone: no words of customers, no names. */
export function weeklyMail(hurts: readonly Hurt[], week: string, base: string): WeeklyMail {
  const [worst] = hurts;
  const subject = `What hurt customers most in the week of ${week}${worst ? `: ${nameOf(worst)}` : ''}`;
  const lead = 'Customers hit, times severity, contacts and lost use; mend the first and most is gained.';
  const report = `${base}/v1/reports/product-feedback`;
  const rows = hurts.map((one, at) => [
    ...[`${at + 1}`, nameOf(one), `${one.customers}`, `${one.contacts}`, `${one.lostUse}`, `${one.score}`],
  ]);
  const text = rows.map(
    ([nth, name, customers, contacts, lost, score]) =>
      `${nth}. ${name}: ${customers} customers hit, ${contacts} contacts, use fell off for ${lost}, score ${score}`,
  );
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag} ${CELL}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return {
    subject,
    text: `${lead}\n\n${text.join('\n')}\n\n${report}\n`,
    html: `<p>${escapeHtml(lead)}</p>
<p><img src="cid:${CHART}" alt="${escapeHtml(text.join('; '))}" style="max-width:100%"></p>
<table style="border-collapse:collapse">${line('th', HEADS)}${rows.map((row) => line('td', row)).join('')}</table>
<p>${escapeHtml(report)}</p>`,
    images: [{ cid: CHART, png: barChart(hurts.map(({ score }) => score)) }],
  };
}

function nameOf({ project, area, release }: Hurt): string {
  return [project, area, release].filter((part) => part !== null).join(' / ');
}
