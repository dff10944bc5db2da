/**
 * UTF-16 units to look back for the word that makes a name and a number an address. Chosen by judgement, not measured.
 */
const LOOK_BACK = 24;

/**
 * Ports that name a service whatever stands before. Without round numbers such as 80 and 5000, which may be quantities.
 */
const KNOWN_PORTS = new Set(
  '22 443 389 587 636 993 995 1433 1521 1883 2181 2379 3306 3389 5432 5672 6379 6443 8080 8443 9042 9092 9200 11211 27017'.split(
    ' ',
  ),
);
/** Text that an address follows: a preposition, the noun for a peer, or a mark. */
const BEFORE_ADDRESS =
  /(?:(?:^|[^A-Za-z])(?:to|from|at|on|via|by|through|with|host|server|proxy|address|addr|peer|node|upstream|downstream|broker|endpoint|backend|client|master|leader|replica|bootstrap|dial|tcp|udp|connect|connecting|reach|resolve)[:=]?\s[("'[<]{0,2}|[/@(["'])$/i;
/** Names before a colon and a number that are no host. */
const NO_HOST =
  /^(?:https?|status|code|errors?|err|errno|exit|rc|signal|line|col|column|row|page|port|pid|tid|id|uid|gid|user|size|len|length|count|total|time|took|step|version|attempt|retry|retries|max|min|http|sql|step|level|priority|index|offset|key|value|line\d+)$|\.(?:js|ts|jsx|tsx|mjs|cjs|java|kt|py|rb|go|c|cc|cpp|h|hpp|cs|php|swift|scala|rs|m|mm|vue|html|xml|ya?ml|json|sql|sh|conf|log|txt)$/i;

/**
 * Whether `name:port` is the address of a host, judged by the name and the words before: `connect to db-a:5432` and
 * `localhost:80` are; `status:503`, `cart.js:120` and `max-age:3600` are not.
 */
export function isAddress(name: string, port: string, text: string, start: number): boolean {
  if (NO_HOST.test(name) || Number(port) > 65_535) return false;
  if (name === 'localhost') return true;
  const announced = BEFORE_ADDRESS.test(text.slice(Math.max(0, start - LOOK_BACK), start));
  if (/[-.\d]/.test(name)) return announced || KNOWN_PORTS.has(port);
  return KNOWN_PORTS.has(port) || (announced && port.length >= 4);
}
