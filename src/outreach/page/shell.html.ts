import { createHash } from 'node:crypto';
import { escapeHtml } from '../../platform/http/html.js';
import { type Brand } from '../../projects/brand.js';
import { paletteOf } from '../algorithm/colours.js';

/** A page with the policy that lets a browser load only what belongs to it. */
export interface ShownPage {
  readonly html: string;
  /** Value of `Content-Security-Policy`. */
  readonly policy: string;
}

/** Writes a whole page in a brand; `body` is HTML that the caller has made safe. There are no scripts. */
export function shell(
  { locale, title, brand }: { locale: string; title: string; brand: Brand },
  body: string,
): ShownPage {
  const style = styleOf(brand.colour);
  const image = brand.logo === null ? '' : `; img-src ${new URL(brand.logo).origin}`;
  const hash = createHash('sha256').update(style).digest('base64');
  return {
    policy: `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'sha256-${hash}'${image}`,
    html: `<!doctype html><html lang="${escapeHtml(locale)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><div class="column"><header>${logo(brand)}</header><main>${body}</main><footer>${footer(brand)}</footer></div></body></html>`,
  };
}

function logo({ name, logo: source }: Brand): string {
  return source === null
    ? `<p class="brand">${escapeHtml(name)}</p>`
    : `<p class="brand"><img src="${escapeHtml(source)}" alt="${escapeHtml(name)}" height="32"></p>`;
}

function footer({ name, address }: Brand): string {
  return `<p>${escapeHtml(address === null ? name : `${name}\n${address}`).replaceAll('\n', '<br>')}</p>`;
}

function styleOf(colour: string): string {
  const { accent, onAccent, light, dark } = paletteOf(colour);
  return `:root{color-scheme:light dark;--ink:#1c1e21;--quiet:#5a6068;--page:#f2f4f6;--card:#fff;--line:#d3d8de;--field:#767d86;--warn:#7a4100;--warn-back:#ffefd6;--ok:#0f5a29;--ok-back:#e0f3e6;--link:${light};--accent:${accent};--on:${onAccent}}
@media(prefers-color-scheme:dark){:root{--ink:#eceef0;--quiet:#a8afb8;--page:#0f1113;--card:#1b1d21;--line:#363b42;--field:#8a919b;--warn:#ffcf8f;--warn-back:#3a2a10;--ok:#9be3b0;--ok-back:#12331d;--link:${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'PingFang SC','PingFang TC','Microsoft YaHei','Microsoft JhengHei','Noto Sans CJK SC',sans-serif;overflow-wrap:anywhere}
.column{max-width:40rem;margin:0 auto;padding:1rem}
main>section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem;margin:0 0 1rem}
main>section:first-of-type{border-top:4px solid var(--accent)}
.brand,.brand:last-child{margin:.25rem 0 1rem;font-weight:700;color:var(--link)}.brand img{display:block;height:32px;max-width:220px}
h1{font-size:1.4rem;line-height:1.3;margin:.6rem 0 .5rem}h2{font-size:1.05rem;margin:0 0 .4rem}p{margin:0 0 .7rem}p:last-child{margin-bottom:0}
.state{display:inline-block;margin:0;padding:.15rem .75rem;border-radius:99px;font-weight:600;font-size:.9rem;background:var(--warn-back);color:var(--warn)}
.ok{background:var(--ok-back);color:var(--ok)}
.said{padding:.7rem 1rem;border-radius:12px;margin:0 0 1rem}
.quiet,footer,time{color:var(--quiet);font-size:.9rem}
.box{border-left:4px solid var(--accent);padding:.1rem 0 .1rem .9rem;margin:.9rem 0}
ol{list-style:none;margin:0;padding:0}ol li{padding:.6rem 0;border-top:1px solid var(--line)}ol li:first-child{border-top:0;padding-top:0}ol li:last-child{padding-bottom:0}time{display:block}
button,.button{font:inherit;font-weight:600;min-height:44px;padding:.5rem 1.1rem;border:1px solid var(--field);border-radius:8px;background:transparent;color:var(--ink);cursor:pointer}
.button{display:inline-block;line-height:1.7;text-decoration:none}
.main{background:var(--accent);border-color:var(--accent);color:var(--on)}
.row{display:flex;flex-wrap:wrap;gap:.6rem}
label{display:block;margin:0 0 .4rem}.check{display:flex;align-items:center;gap:.6rem;min-height:44px;margin:0}.check input{width:1.25rem;height:1.25rem;flex:none;accent-color:var(--link)}
fieldset{border:0;margin:0 0 .6rem;padding:0}legend{padding:0;font-weight:600}
textarea,input[type=text]{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--field);border-radius:8px;padding:.6rem .7rem;margin:0 0 .7rem}
summary{cursor:pointer;font-weight:600;min-height:44px;display:flex;align-items:center}summary::after{content:'+';margin-left:auto;font-size:1.3rem;color:var(--quiet)}details[open]>summary::after{content:'\\2212'}details[open]>summary{margin-bottom:.4rem}details form+p{margin-top:.8rem}
hr{border:0;border-top:1px solid var(--line);margin:1rem 0}
a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
footer{padding:.25rem 0 1.5rem}
@media(min-width:700px){.column{padding:2.5rem 1rem}main>section{padding:1.5rem 1.75rem}h1{font-size:1.6rem}}`;
}
