/** An error as Twilio's REST API answers it. */
export interface ApiError {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

type Check = (value: string) => boolean;

const text: Check = () => true;
const flag: Check = (value) => value === 'true' || value === 'false';
const number: Check = (value) => /^\d+(\.\d+)?$/.test(value);
const integer =
  (from: number, to: number): Check =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= from && Number(value) <= to;
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value);
const sid =
  (prefix: string): Check =>
  (value) =>
    new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(value);
const e164: Check = (value) => /^\+[1-9]\d{6,14}$/.test(value);
const sender: Check = (value) =>
  e164(value) || /^\d{3,8}$/.test(value) || /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/.test(value);
const isoDate: Check = (value) => /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(value) && !Number.isNaN(Date.parse(value));

const jsonObject: Check = (value) => {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
};

/** A web address whose host Twilio accepts: a name or number without underscores. */
const webhook: Check = (value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && hostname !== '' && !hostname.includes('_');
};

/** Twilio has a code of its own for some parameters; the others get its general one for parameters. */
const GENERAL = 20001;

/** The parameters of "create a Message", as Twilio's public description of the 2010-04-01 API lists them. */
const CREATE: Readonly<Record<string, readonly [check: Check, code: number]>> = {
  To: [e164, 21211],
  From: [sender, 21212],
  FallbackFrom: [sender, 21212],
  MessagingServiceSid: [sid('MG'), 21701],
  Body: [(value) => value.length <= 1600, 21617],
  MediaUrl: [webhook, GENERAL],
  ContentSid: [sid('HX'), GENERAL],
  ContentVariables: [jsonObject, 21656],
  StatusCallback: [webhook, 21609],
  ApplicationSid: [sid('AP'), GENERAL],
  MaxPrice: [number, GENERAL],
  ProvideFeedback: [flag, GENERAL],
  Attempt: [integer(1, 1000), GENERAL],
  ValidityPeriod: [integer(1, 36_000), GENERAL],
  ForceDelivery: [flag, GENERAL],
  ContentRetention: [oneOf('retain', 'discard'), GENERAL],
  AddressRetention: [oneOf('retain', 'obfuscate'), GENERAL],
  SmartEncoded: [flag, GENERAL],
  PersistentAction: [text, GENERAL],
  TrafficType: [oneOf('free'), GENERAL],
  ShortenUrls: [flag, GENERAL],
  ScheduleType: [oneOf('fixed'), GENERAL],
  SendAt: [isoDate, GENERAL],
  SendAsMms: [flag, GENERAL],
  RiskCheck: [oneOf('enable', 'disable'), GENERAL],
};

const REPEATABLE = new Set(['MediaUrl', 'PersistentAction']);

const LIST: Readonly<Record<string, Check>> = {
  To: e164,
  From: sender,
  DateSent: isoDate,
  'DateSent<': isoDate,
  'DateSent>': isoDate,
  PageSize: integer(1, 1000),
  Page: integer(0, 1_000_000),
  PageToken: text,
};

/** The first thing wrong with a create call; undefined when Twilio would take it. */
export function checkCreate(contentType: string | undefined, params: URLSearchParams): ApiError | undefined {
  if (!contentType?.startsWith('application/x-www-form-urlencoded'))
    return bad(GENERAL, 'The body must be form-encoded');
  for (const [name, value] of params) {
    const rule = CREATE[name];
    if (!rule) return bad(GENERAL, `Unknown parameter ${name}`);
    if (params.getAll(name).length > 1 && !REPEATABLE.has(name)) return bad(GENERAL, `${name} is given twice`);
    if (!rule[0](value)) return bad(rule[1], `The value of ${name} is not valid`);
  }
  if (!params.has('To')) return bad(21604, 'A recipient is required');
  if (!params.has('From') && !params.has('MessagingServiceSid')) return bad(21603, 'A sender is required');
  if (!params.get('Body') && !params.has('MediaUrl') && !params.has('ContentSid'))
    return bad(21602, 'A body is required');
  return undefined;
}

/** The first thing wrong with a list call. */
export function checkList(query: URLSearchParams): ApiError | undefined {
  for (const [name, value] of query) {
    const check = LIST[name];
    if (!check) return bad(GENERAL, `Unknown parameter ${name}`);
    if (!check(value)) return bad(GENERAL, `The value of ${name} is not valid`);
  }
  return undefined;
}

function bad(code: number, message: string): ApiError {
  return { status: 400, code, message };
}
