import { type LocaleTexts } from '../../explanations/texts-config.js';
import { render } from '../../explanations/reader.js';
import { type Channel } from '../../customers/customer.js';
import { escapeHtml } from '../../platform/http/html.js';
import { type Brand } from '../../projects/brand.js';
import { PAUSES, type Preference } from '../algorithm/preferences.js';
import { shell, type ShownPage } from './shell.html.js';

type PageWords = LocaleTexts['page'];

/** Things that a customer has just done, which the page confirms. */
export const DONE = ['thanks', 'helpTaken', 'helpTooMany', 'saved', 'undone'] as const;
export type Done = (typeof DONE)[number];

/** Everything that stands on the page of one message. */
export interface PageView {
  readonly locale: string;
  readonly words: PageWords;
  readonly brand: Brand;
  /** Path of the page, from which the forms lead on. */
  readonly path: string;
  readonly isResolved: boolean;
  readonly title: string;
  readonly body: string;
  /** When it began, in words; null where the body says it. */
  readonly since: string | null;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
  /** Newest first. */
  readonly updates: readonly { readonly when: string; readonly text: string }[];
  /** Names the other faults that hurt this customer; null where there are none. */
  readonly stillOpen: string | null;
  readonly why: string;
  readonly preferences: readonly Preference[];
  /** End of a pause in words. */
  readonly pausedUntil: string | null;
  readonly done: Done | undefined;
}

/** Characters of a request for help; what is longer is cut. */
export const HELP_LIMIT = 2000;

/** The customer's own page about an incident. */
export function incidentPage(view: PageView): ShownPage {
  const { locale, title, brand, words, done } = view;
  const body = [
    done === undefined ? '' : `<p class="said state ok" role="status">${escapeHtml(words[done])}</p>`,
    `<section>${explanation(view)}</section>`,
    view.stillOpen === null
      ? ''
      : `<section><h2>${escapeHtml(words.stillOpen)}</h2>${paragraph(view.stillOpen)}</section>`,
    updates(view),
    `<section>${feedback(view)}${help(view)}</section>`,
    `<section>${choices(view)}</section>`,
  ];
  return shell({ locale, title, brand }, body.join('\n'));
}

/** A page that asks before it unsubscribes: programs that follow links must not opt anybody out. */
export function unsubscribePage(view: Framed): ShownPage {
  const { words, path } = view;
  const ask = `${form(`${path}/unsubscribe`, `<button class="main">${escapeHtml(words.unsubscribe)}</button>`)}`;
  return notice(
    view,
    words.unsubscribe,
    view.about,
    `${ask}<p class="quiet"><a href="${escapeHtml(path)}">${escapeHtml(words.back)}</a></p>`,
  );
}

/** The answer to who unsubscribed, with the way back. */
export function unsubscribedPage(view: Framed): ShownPage {
  const { words, path } = view;
  const undo = form(`${path}/undo`, `<button>${escapeHtml(words.undo)}</button>`);
  return notice(view, words.unsubscribed, null, undo);
}

/** A page for whoever has a link that leads nowhere, or no longer. */
export function lostPage(view: Omit<Framed, 'path' | 'about'>, kind: 'lost' | 'expired', path?: string): ShownPage {
  const { words } = view;
  const leave =
    path === undefined ? '' : form(`${path}/unsubscribe`, `<button>${escapeHtml(words.unsubscribe)}</button>`);
  return notice(view, words[kind], words[`${kind}Body`], leave + helpCentre(view));
}

/** Answers whether a code stands in a message of ours. */
export type Verdict =
  | { readonly kind: 'asked' }
  | { readonly kind: 'later' }
  | { readonly kind: 'notOurs' }
  | { readonly kind: 'ours'; readonly to: string; readonly at: string };

/** The page on which customers check a code. */
export function verifyPage(view: Framed, code: string, verdict: Verdict): ShownPage {
  const { words, path } = view;
  const field = `<label for="code">${escapeHtml(words.code)}</label><input type="text" id="code" name="code" value="${escapeHtml(code)}" maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false" required>`;
  const ask = `<form method="get" action="${escapeHtml(path)}">${field}<button class="main">${escapeHtml(words.check)}</button></form>`;
  return notice(view, words.verify, words.verifyBody, `${found(verdict, words)}${ask}`);
}

function found(verdict: Verdict, words: PageWords): string {
  switch (verdict.kind) {
    case 'asked':
      return '';
    case 'later':
      return `<div class="box" role="status">${paragraph(words.later)}</div>`;
    case 'notOurs':
      return `<div class="box" role="status"><p class="state">${escapeHtml(words.notOurs)}</p>${paragraph(words.notOursBody)}</div>`;
    case 'ours':
      return `<div class="box" role="status"><p class="state ok">${escapeHtml(words.ours)}</p>${paragraph(render(words.oursBody, { to: verdict.to, at: verdict.at }))}</div>`;
  }
}

/** Frame of a page that says one thing. */
export interface Framed {
  readonly locale: string;
  readonly words: PageWords;
  readonly brand: Brand;
  readonly path: string;
  readonly about: string | null;
}

function notice(view: Omit<Framed, 'path' | 'about'>, title: string, about: string | null, rest: string): ShownPage {
  const words = about === null ? '' : paragraph(about);
  return shell({ ...view, title }, `<section><h1>${escapeHtml(title)}</h1>${words}${rest}</section>`);
}

function explanation({ words, isResolved, title, body, since, workaround, nextUpdate }: PageView): string {
  return [
    `<p class="state${isResolved ? ' ok' : ''}">${escapeHtml(isResolved ? words.resolved : words.active)}</p>`,
    `<h1>${escapeHtml(title)}</h1>`,
    since === null ? '' : `<p class="quiet">${escapeHtml(since)}</p>`,
    paragraph(body),
    workaround === null
      ? ''
      : `<div class="box"><h2>${escapeHtml(words.workaround)}</h2>${paragraph(workaround)}</div>`,
    nextUpdate === null ? '' : paragraph(nextUpdate),
  ].join('');
}

function updates({ words, updates: list }: PageView): string {
  if (list.length === 0) return '';
  const items = list.map(({ when, text }) => `<li><time>${escapeHtml(when)}</time>${lines(text)}</li>`);
  return `<section><h2>${escapeHtml(words.updates)}</h2><ol>${items.join('')}</ol></section>`;
}

function feedback({ words, path }: PageView): string {
  const answer = (value: string, label: string) =>
    `<button name="answer" value="${value}">${escapeHtml(label)}</button>`;
  return `<h2>${escapeHtml(words.helped)}</h2>${form(`${path}/helped`, `<div class="row">${answer('yes', words.yes)}${answer('no', words.no)}</div>`)}<hr>`;
}

function help(view: PageView): string {
  const { words, path } = view;
  const field = `<label for="text">${escapeHtml(words.helpHint)}</label><textarea id="text" name="text" rows="3" maxlength="${HELP_LIMIT}"></textarea>`;
  const ask = form(`${path}/help`, `${field}<button class="main">${escapeHtml(words.send)}</button>`);
  return `<details><summary>${escapeHtml(words.help)}</summary>${ask}${helpCentre(view)}</details>`;
}

function helpCentre({ brand, words }: Pick<PageView, 'brand' | 'words'>): string {
  if (brand.help === null) return '';
  return `<p><a href="${escapeHtml(brand.help)}" rel="noreferrer">${escapeHtml(words.helpCentre)}</a></p>`;
}

function choices(view: PageView): string {
  const { words, path, preferences, why } = view;
  const sets = preferences.map((one) => fieldset(one, words)).join('');
  const save =
    preferences.length === 0
      ? ''
      : form(
          `${path}/preferences`,
          `<input type="hidden" name="form" value="preferences">${sets}<button>${escapeHtml(words.save)}</button>`,
        );
  const leave = form(`${path}/unsubscribe`, `<button>${escapeHtml(words.unsubscribe)}</button>`);
  const because = why === '' ? '' : `<h2>${escapeHtml(words.why)}</h2><p class="quiet">${escapeHtml(why)}</p><hr>`;
  return `${because}<details><summary>${escapeHtml(words.preferences)}</summary>${save}<hr>${pause(view)}</details><hr>${leave}`;
}

function fieldset({ channel, purposes }: Preference, words: PageWords): string {
  const boxes = purposes.map(
    ({ purpose, allowed }) =>
      `<label class="check"><input type="checkbox" name="${channel}.${purpose}" value="on"${allowed ? ' checked' : ''}> ${escapeHtml(words[purpose])}</label>`,
  );
  return `<fieldset><legend>${escapeHtml(nameOf(channel, words))}</legend>${boxes.join('')}</fieldset>`;
}

function nameOf(channel: Channel, words: PageWords): string {
  return words[channel];
}

function pause({ words, path, pausedUntil }: PageView): string {
  if (pausedUntil !== null) {
    const resume = `<button name="days" value="0">${escapeHtml(words.resume)}</button>`;
    return `<h2>${escapeHtml(words.pause)}</h2>${paragraph(render(words.pausedUntil, { until: pausedUntil }))}${form(`${path}/pause`, resume)}`;
  }
  const offers = PAUSES.map(
    (days) =>
      `<button name="days" value="${days}">${escapeHtml(render(words.pauseFor, { days: String(days) }))}</button>`,
  );
  return `<h2>${escapeHtml(words.pause)}</h2>${form(`${path}/pause`, `<div class="row">${offers.join('')}</div>`)}`;
}

function form(action: string, inner: string): string {
  return `<form method="post" action="${escapeHtml(action)}">${inner}</form>`;
}

function paragraph(text: string): string {
  return `<p>${lines(text)}</p>`;
}

function lines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>');
}
