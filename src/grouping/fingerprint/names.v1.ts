/**
 * Frozen as v1: normal names of code across builds, releases and runtimes. Every rule drops additions of a compiler,
 * bundler or proxy generator and keeps the names that a person wrote. Lengths of hashes follow what bundlers write;
 * they were not measured. A change here changes fingerprints: write names.v2.ts.
 */

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that runtimes and SDKs give to a function without one. */
const NAMELESS =
  /^(\?+|anonymous|<?anonymous>?|\(anonymous\)|<unknown>|unknown|global code|eval code|module code|eval|\{closure\}|<redacted>|0x[0-9a-f]+|\(null\)|<null>|<symbol not found>|_*mh_execute_header|<?deduplicated_symbol>?|<compiler-generated>|_*lldb_unnamed_symbol.*|_*hidden#\d+_*|(?:sub|fun|fn|loc|func)_(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{4,16})$/i;
/** Suffixes that compilers append to the parts of a function, and linkers to its versions. */
const COMPILED_PART =
  /(?:(?:\.(?:cold|part|isra|constprop|lto_priv|llvm|localalias|specialized)|\.__uniq)(?:\.\d+)*|@@?[A-Z]\w*_[\d.]+|@plt)+$/;
/** Hex digits that look like a build hash: 6 to 64 with both kinds, or 8 to 20 decimal ones. */
const HEX_HASH = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{6,64}$|^\d{8,20}$/i;
/** Eight to twelve characters that mix digits, capitals and small letters, like bundlers' content hashes. */
const MIXED_HASH = /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_]{8,12}$/;
const VERSION = /^v?\d+(\.\d+)+([-+.][\w.]+)?$|^v\d+$/;
/** File names that say nothing without their folder. */
const GENERIC_FILE =
  /^(index|main|mod|lib|page|route|layout|server|handler|handlers|views|models|utils|__init__|init)$/;
const SCRIPT_EXTENSION = /\.(min\.)?(m|c)?[jt]sx?$|\.min$|\.(vue|svelte|bundle)$/;

/**
 * Cuts a function's name down: no arguments, generics, closure counters, build hashes or words of the runtime; '' if
 * nothing is left. `lastSegment` keeps only what follows the last dot, since browsers disagree on the rest.
 */
export function functionName(raw: string | undefined, lastSegment: boolean): string {
  if (raw === undefined || raw === '') return '';
  if (PLAIN.test(raw)) return NAMELESS.test(raw) ? '' : raw;
  let name = raw.trim();
  if (NAMELESS.test(name)) return '';
  name = name.replace(
    /^(async |new |static |get |set |block (\(\d+ levels?\) )?in |rescue in |ensure in |closure #\d+ in )+/,
    '',
  );
  name = objectiveC(name) ?? managed(name) ?? name;
  if (name.startsWith('-[') || name.startsWith('+[')) return name;
  if (!lastSegment) name = name.replace('(anonymous namespace)::', '').replace(COMPILED_PART, '');
  name = name.replace(/ \[as [^\]]*\]$/, '').replace(/(\/<)+$|\/[\w$]*<$/, '');
  name = name.replace(/::h[0-9a-f]{16}$/, '').replace(/(::)?\{\{closure\}\}|\{closure[^}]*\}/g, '');
  name = withoutArguments(name)
    .replace(/ \[clone [^\]]*\]/g, '')
    .replace(/\[[^\]]*\]$/, '');
  name = name.replace(/(\.func\d+(\.\d+)*|-fm|-range\d+)$/, '');
  name = name
    .replace(/^lambda\$(.+?)\$\d+$/, '$1')
    .replace(/^\$anonfun\$|\$\$anonfun.*$/g, '')
    .replace(/\$(default|suspendImpl|lambda|\d+)(\$\d+)*$/, '');
  if (lastSegment) name = name.slice(name.lastIndexOf('.') + 1);
  name = name.slice(name.lastIndexOf('#') + 1);
  return NAMELESS.test(name) || /^[<>/?.]*$/.test(name) ? '' : name;
}

/** Reads Objective-C names: `__41-[Cart load]_block_invoke_2` is `-[Cart load]`. */
function objectiveC(name: string): string | undefined {
  const found = /^(?:__\d+)?([-+]\[[^\]]+\])(?:_block_invoke.*)?$/.exec(name);
  return found?.[1];
}

/** Reads C# closures and local functions: `<Pay>b__12_0` is Pay, `<Pay>g__Check|3_1` is Check. */
function managed(name: string): string | undefined {
  const found = /^(?:.*\.)?<([\w.]+)>(?:g__(\w+)\|[\d_]+|[a-z]__[\w|]*|d__\d+(?:\.MoveNext)?)$/.exec(name);
  return found ? (found[2] ?? found[1]) : undefined;
}

/** Cuts a C++, Rust or Swift argument list and template arguments; keeps Go receivers such as `(*Cart).Load`. */
function withoutArguments(name: string): string {
  let open = name.indexOf('(');
  if (open >= 0 && name[open + 1] === '*') open = name.indexOf('(', open + 1);
  const head = open > 0 ? name.slice(0, open) : name;
  const template = head.indexOf('<');
  return template > 0 && head.endsWith('>') ? head.slice(0, template) : head;
}

/**
 * Strips a module, package or class of what code generators append: lambda and proxy classes, `$1`, closures, build
 * hashes.
 */
export function moduleName(raw: string): string {
  let name = raw;
  const generated = name.search(/\$\$|_\$\$_|\$(ByteBuddy|MockitoMock|HibernateProxy)\$|\/0x/);
  if (generated > 0) name = name.slice(0, generated);
  if (name.includes('$')) name = name.replace(/\$(Proxy)?\d+(?=\$|$)/g, (_, proxy: string) => (proxy ? '$Proxy' : ''));
  if (name.includes('<'))
    name = name.replace(/[.+]?<>c(__DisplayClass[\d_]+)?/g, '').replace(/[.+]?<(\w+)>d__\d+/g, '');
  if (name.includes('`')) name = name.replace(/`\d+(\[.*\])?/g, '');
  if (/\d/.test(name)) {
    name = name.replace(/Accessor\d+$/, 'Accessor').replace(/::h[0-9a-f]{16}$/, '');
    if (/[0-9a-f]{6}|@/.test(name)) name = withoutHashedSegments(name);
  }
  return name;
}

function withoutHashedSegments(name: string): string {
  const kept = name
    .replace(/@\d[\w.+-]*/g, '')
    .split(/([./:])/)
    .map((part) => (HEX_HASH.test(part) ? '' : part));
  return kept.join('').replace(/[./:]{2,}/g, (run) => run[0] ?? '');
}

/**
 * Reduces a file to its base name without origin, query, hash, version and script extension; keeps the folder if the
 * name alone says nothing.
 */
export function fileName(raw: string): string {
  const end = raw.search(/[?#]/);
  const segments = (end >= 0 ? raw.slice(0, end) : raw).split(/[/\\]+/);
  const base = withoutHash(segments[segments.length - 1] ?? '');
  if (!GENERIC_FILE.test(base.replace(/\.\w+$/, ''))) return base;
  for (let i = segments.length - 2; i >= 0; i--) {
    const folder = segments[i] ?? '';
    if (/^(|\.|src|dist|build|lib|app|\(.*\)|.*:)$/.test(folder)) continue;
    if (VERSION.test(folder) || HEX_HASH.test(folder) || MIXED_HASH.test(folder)) continue;
    return i === 0 && raw.startsWith('http') ? base : `${folder.replace(/@\d[\w.+-]*$/, '')}/${base}`;
  }
  return base;
}

/**
 * Strips hash and version: `app-5f3a91c2.min.js` is `app`, `12.9ab31f20.js` is `chunk`, `jquery-3.6.0.js` is `jquery`,
 * `Cart.java` stays.
 */
function withoutHash(base: string): string {
  const name = base.replace(SCRIPT_EXTENSION, '');
  if (name === base && !/\d/.test(name)) return base;
  const kept = name
    .replace(/[-@.]v?\d+(\.\d+)+([-+][\w.]+)?/g, '')
    .split(/(?=[-._~])/)
    .filter((part) => !isHash(part.replace(/^[-._~]/, '')));
  const joined = kept.join('').replace(/^[-._~]/, '');
  return joined === '' || /^\d+$/.test(joined) ? 'chunk' : joined;
}

function isHash(part: string): boolean {
  return HEX_HASH.test(part) || MIXED_HASH.test(part);
}

/**
 * Reduces an exception's type to its last name: `java.lang.NullPointerException`, `Foo$4` and ``Fault`1[[T]]`` lose the
 * rest; '' if minified.
 */
export function typeName(raw: string | undefined): string {
  if (raw === undefined) return '';
  let name = raw.trim();
  if (PLAIN.test(name)) return name.length <= 2 ? '' : name;
  const nul = name.search(/[\0`[<(]/);
  if (nul > 0) name = name.slice(0, nul);
  name = name.replace(/(\$\d+)+$/, '').replace(/@anonymous$/, '');
  const scope = name.lastIndexOf('::');
  const last = Math.max(
    name.lastIndexOf('.'),
    name.lastIndexOf('\\'),
    scope < 0 ? -1 : scope + 1,
    name.lastIndexOf('/'),
  );
  const short = name.slice(last + 1) || name;
  return short.length <= 2 ? '' : short;
}
