import { escapeHtml } from '../../platform/http/html.js';
import { type Brand } from '../../projects/brand.js';
import { type Palette, SURFACE } from '../algorithm/colours.js';

/** A mail as its text says it, and what the HTML beside it needs to know of its parts. */
export interface MailParts {
  readonly locale: string;
  readonly subject: string;
  /** The whole text; the HTML says the same. */
  readonly text: string;
  /** Paragraphs with one of these become a button, a link in the small print, or a box. */
  readonly link: string;
  readonly unsubscribe: string;
  readonly workaround: string | null;
  /** Paragraph that says why it came. */
  readonly reason: string;
  /** Label of the button where the text has the bare link. */
  readonly open: string;
  readonly brand: Brand;
  readonly palette: Palette;
}

const FONT =
  "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'PingFang SC','PingFang TC','Microsoft YaHei','Microsoft JhengHei','Noto Sans CJK SC',Arial,sans-serif";
const INK = '#1c1e21';
const QUIET = '#5a6068';
const PAGE = '#f2f4f6';
const DARK = { page: '#0f1113', ink: '#eceef0', quiet: '#a8afb8', box: '#272a30' };
/** Characters of the line that mail programs show beside the subject. */
const PREVIEW = 110;
/** Keeps the rest of the mail out of that line. */
const FILLER = '&#847;&zwnj;&nbsp;'.repeat(40);

/**
 * Writes the HTML of a mail: one column of tables with inline styles, which old Outlook needs, and colours for dark mode where a program knows it. Nothing
 * in it tells when it is opened: its one image is the logo, the same for everybody.
 */
export function mailHtml(mail: MailParts): string {
  const { brand, palette, locale, subject } = mail;
  const { main, small, preview } = sorted(mail);
  return `<!doctype html><html lang="${escapeHtml(locale)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>${escapeHtml(subject)}</title><style>${style(palette)}</style></head>
<body class="page" style="margin:0;padding:0;background-color:${PAGE}"><div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${escapeHtml(preview)}${FILLER}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="${PAGE}"><tr><td align="center" style="padding:24px 12px">
<!--[if mso]><table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="${SURFACE.light}" style="max-width:560px;background-color:${SURFACE.light};border-top:4px solid ${palette.accent}">
<tr><td class="brand" style="padding:24px 28px 0;${FONT};font-size:16px;line-height:24px;font-weight:bold;color:${palette.light}">${logo(brand)}</td></tr>
<tr><td class="ink" style="padding:12px 28px 0;${FONT};font-size:22px;line-height:30px;font-weight:bold;color:${INK}"><h1 style="margin:0;font-size:22px;line-height:30px">${escapeHtml(subject)}</h1></td></tr>
${main.join('\n')}
<tr><td class="quiet rule" style="padding:20px 28px 24px;${FONT};font-size:13px;line-height:20px;color:${QUIET}">${small.join('<br><br>')}</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table></body></html>`;
}

function style({ dark }: Palette): string {
  return `:root{color-scheme:light dark}@media(prefers-color-scheme:dark){.page{background-color:${DARK.page}!important}.card{background-color:${SURFACE.dark}!important}.ink{color:${DARK.ink}!important}.quiet{color:${DARK.quiet}!important}.box{background-color:${DARK.box}!important}.brand,.brand a,.quiet a{color:${dark}!important}}`;
}

function logo({ name, logo: source }: Brand): string {
  if (source === null) return escapeHtml(name);
  return `<img src="${escapeHtml(source)}" alt="${escapeHtml(name)}" height="32" style="display:block;height:32px;max-width:220px;border:0">`;
}

/** Paragraphs of the text as rows of the column, those for the small print, and the line beside the subject. */
function sorted(mail: MailParts): { main: string[]; small: string[]; preview: string } {
  const main: string[] = [];
  const small: string[] = [];
  const said: string[] = [];
  let isSmall = false;
  for (const paragraph of mail.text.split(/\n{2,}/)) {
    isSmall ||= paragraph === mail.reason;
    if (isSmall) {
      small.push(linked(paragraph, mail));
    } else if (paragraph.includes(mail.link)) {
      main.push(button(labelOf(paragraph, mail.link) || mail.open, mail));
    } else {
      main.push(mail.workaround !== null && paragraph.includes(mail.workaround) ? box(paragraph) : row(paragraph));
      said.push(paragraph);
    }
  }
  const preview = (said.find((one, at) => at > 0 && one.length > 20) ?? said.at(-1) ?? '').replace(/\s+/g, ' ');
  return { main, small, preview: [...preview].slice(0, PREVIEW).join('') };
}

/** The words that stand before an address. */
function labelOf(paragraph: string, address: string): string {
  return paragraph
    .replace(address, '')
    .replace(/[\s:：]+$/u, '')
    .trim();
}

function row(paragraph: string): string {
  return `<tr><td class="ink" style="padding:14px 28px 0;${FONT};font-size:16px;line-height:25px;color:${INK}">${lines(paragraph)}</td></tr>`;
}

function box(paragraph: string): string {
  return `<tr><td style="padding:16px 28px 0"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="box ink" bgcolor="${PAGE}" style="padding:14px 16px;${FONT};font-size:16px;line-height:25px;color:${INK}">${lines(paragraph)}</td></tr></table></td></tr>`;
}

function button(label: string, { link, palette }: MailParts): string {
  return `<tr><td style="padding:22px 28px 0"><table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="${palette.accent}" style="background-color:${palette.accent};border-radius:6px;padding:12px 22px"><a href="${escapeHtml(link)}" style="${FONT};font-size:16px;line-height:24px;font-weight:bold;color:${palette.onAccent};text-decoration:none">${escapeHtml(label)}</a></td></tr></table></td></tr>`;
}

/** A paragraph of the small print; our own addresses in it are links. */
function linked(paragraph: string, { unsubscribe, brand, palette }: MailParts): string {
  for (const address of [unsubscribe, brand.help])
    if (address !== null && paragraph.includes(address))
      return `<a href="${escapeHtml(address)}" style="color:${palette.light}">${escapeHtml(labelOf(paragraph, address) || address)}</a>`;
  return lines(paragraph);
}

function lines(paragraph: string): string {
  return escapeHtml(paragraph).replaceAll('\n', '<br>');
}
