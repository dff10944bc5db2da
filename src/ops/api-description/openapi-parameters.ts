/** A parameter of an operation, as much of it as is looked at here. */
export interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
}

/** Parameters of queries, which mean the same on every route that has them. */
const QUERY: Readonly<Record<string, string>> = {
  limit: 'Items on a page, 1 to 200.',
  cursor: 'Where the page begins: `nextCursor` of the page before.',
  project: 'Slug of a project.',
  issue: 'Id of an issue.',
  incident: 'Id of an incident.',
  status: 'Only those in this status.',
  state: 'Only those in this state.',
  open: '`true`: only those that have not ended; `false`: only those that have.',
  customer: "The app's own id of the customer who asks.",
  locale: 'Language of the reader, BCP 47.',
  caller: 'Only entries of the token with this name.',
  within: 'How far back to look, such as `1d`.',
  series: 'Name of the series, as verdicts have it.',
  step: 'Length of the periods to count by.',
  from: 'Begin of the time to show, ISO 8601.',
  to: 'End of the time to show, ISO 8601; now when left out.',
  directory: 'Name of the directory that the id stands in.',
  query: 'What to look for: an id, an address, a number, or the beginning of a name.',
  map: 'Headings in other words, such as `Number=externalId,Note=-`; `-` leaves a column out.',
  encoding: 'Encoding of the text, such as `windows-1252`; UTF-8 and UTF-16 are found out.',
  country: 'Two letters of the country whose phone numbers are written without their code.',
  dryRun: '`true`: read and judge everything, write nothing.',
  reason: 'Why, for the history.',
  band: 'Only those in this band: `poor`, `fair` or `good`.',
  month: 'Month of the calendar in UTC, such as `2026-11`; the running one when left out.',
  hours: 'Hours after telling in which contacts count, 1 to 720.',
  skip: 'Records to pass over, to go on after a stop.',
};

/** Places of paths that are not ids of what stands before them. */
const PLACES: Readonly<Record<string, string>> = {
  token: 'The token of the link, which is its key.',
  locale: 'A language of the configuration, BCP 47.',
  externalId: "The app's own id of the customer.",
  channel: 'Channel of the address.',
  address: 'The address itself.',
  kind: 'Kind of the name.',
  value: 'The name itself.',
  issueId: 'Id of the issue.',
  exampleId: 'Id of the words, as the list of examples has it.',
  keyId: 'Id of the key.',
};

/** Says what a parameter is; undefined for one that nobody has described. */
export function describeParameter(path: string, { in: place, name, description }: Parameter): string | undefined {
  if (description !== undefined) return description;
  if (place === 'query') return QUERY[name];
  if (name !== 'id' && name !== 'projectId') return PLACES[name];
  const before = /([a-z]+)\/\{\w+\}/.exec(path)?.[1] ?? '';
  if (path.startsWith('/api/')) return 'Id of the project.';
  return before === 'poison' ? 'Id of the event that was set aside.' : `Id of the ${before.replace(/s$/, '')}.`;
}
