/**
 * Characters to look back for the word that makes a number a code. The lengths of this file were chosen by judgement,
 * the word lists with bench:grouping (docs/benchmarks.md).
 */
const LOOK_BACK = 32;

/**
 * Names that announce a code, in any spelling: `status`, `statusCode`, `error code is`, `errno:`, `HTTP/1.1 `,
 * `SQLSTATE[`.
 */
const ANNOUNCES =
  /(?:code|status|errno|sqlstate|sqlcode|hresult|https?(?:\/[\d.]+)?|signal|ntstatus|(?:^|[^a-z])(?:errors?|err|rc|returned|responded|response|responded with|replied|answer|answered|answers|returns|responds|replies|status line|got|received))["'\]]{0,2}\s?(?:is|was|of|with|number|no\.?|code|an?|->|=>|==)?\s?[:=#]?\s?[("'[{<]{0,2}$/i;

/**
 * Names that certainly announce a code. After the others, a number of more than four digits is an id or a quantity:
 * `got 48213`, `error 1530201`.
 */
const SAYS_CODE =
  /(?:code|errno|sqlstate|sqlcode|hresult|ntstatus)["'\]]{0,2}\s?(?:is|was|of|with|number|no\.?|code|an?|->|=>|==)?\s?[:=#]?\s?[("'[{<]{0,2}$/i;
/** Names after which three digits are an HTTP status whatever follows. */
const SAYS_STATUS =
  /status(?:[\s_-]?code)?["'\]]{0,2}\s?(?:is|was|of|with|number|no\.?|code|an?|->|=>|==)?\s?[:=#]?\s?[("'[{<]{0,2}$/i;

/** Names of codes that tell no faults apart. */
const NOT_A_FAULT =
  /(?:zip|postal|post|area|country|promo|coupon|discount|voucher|gift|otp|pin|verification|confirmation|security|qr|bar|invite|referral|tracking|language|currency)[\s_-]?(?:code)?["']?\s?(?:is|was)?\s?[:=#]?\s?["'(]?$/i;

/**
 * Beginnings of the registered reason phrases (RFC 9110, and common additions); they make the number before them a
 * status.
 */
const REASON =
  /\s{1,2}(?:ok|created|accepted|no content|moved|found|see other|not modified|temporary redirect|permanent redirect|bad request|unauthori[sz]ed|payment required|forbidden|not found|method not|not acceptable|proxy auth|request time|conflict|gone|length req|precondition|payload too|content too|request entity|uri too|unsupported|range not|expectation|misdirected|unprocessable|locked|failed dep|too early|upgrade req|too many|request header|unavailable for|internal server|internal error|not implemented|bad gateway|service (?:temporarily )?unavailable|gateway time|http version|insufficient storage|loop detected|network auth|error\b|response\b|status\b)/iy;

/** Vendors' codes of a few capitals, a dash and digits: ORA-00942, PLS-00306, TNS-12541, SQL-1205. */
const VENDOR = /(?:^|[^A-Za-z0-9])(?:ORA|PLS|TNS|RMAN|SP2|SQL|MY|MSG|ERR|ERROR|E|EX|CODE|ISO|JSON-RPC)-$/;

/**
 * Text that may follow a code; after a number with other words behind it comes a quantity: `error: 17 rows`, `got 404
 * items`.
 */
const AFTER_CODE =
  /(?=$|[^\sA-Za-z0-9%]|\s+(?:[^\sA-Za-z]|(?:for|from|on|when|while|at|to|in|after|by|with|and|error|errors|response|status|during|len|https?)\b))/y;

/**
 * Tells by the words around whether the number between `start` and `end` is a code that tells faults apart (an HTTP
 * status, an errno, a vendor's error number). Quantities and ids are none.
 */
export function isCodeAt(text: string, start: number, end: number): boolean {
  const length = end - start;
  if (length > 11) return false;
  if (length === 3 && isStatusWithReason(text, start, end)) return true;
  const before = text.slice(Math.max(0, start - LOOK_BACK), start);
  if (VENDOR.test(before)) return true;
  if (!ANNOUNCES.test(before) || NOT_A_FAULT.test(before)) return false;
  if (isLongNumber(text, start, end) && !SAYS_CODE.test(before)) return false;
  if (length === 3 && isStatus(text, start) && SAYS_STATUS.test(before)) return true;
  AFTER_CODE.lastIndex = end;
  return AFTER_CODE.test(text);
}

function isStatusWithReason(text: string, start: number, end: number): boolean {
  if (!isStatus(text, start)) return false;
  REASON.lastIndex = end;
  return REASON.test(text);
}

/** Whether a number begins like an HTTP status, with 1 to 5. */
function isStatus(text: string, start: number): boolean {
  const first = text.charCodeAt(start);
  return first >= 49 && first <= 53;
}

function isLongNumber(text: string, start: number, end: number): boolean {
  return end - start > 4 && /^-?\d{5,}$/.test(text.slice(start, end));
}
