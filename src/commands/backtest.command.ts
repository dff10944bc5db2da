import { type parseArgs } from 'node:util';
import { openDatabase } from '../platform/db/open-database.js';
import { DetectionStore } from '../detection/detect/detection.store.js';
import { Detections } from '../detection/public.js';
import { SeriesReadModel } from '../detection/read/series.read-model.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { ProjectStore } from '../projects/registry/project.store.js';
import { readSettings } from '../platform/config/settings.js';
import { SystemClock } from '../platform/clock.js';
import { parseDuration } from '../platform/duration.js';
import { Backtest, type BacktestIncident, summaryOf } from '../incidents/backtest/backtest.service.js';
import { HarmReadModel } from '../incidents/lifecycle/harm.read-model.js';
import { type CommandIo, readArguments, UsageError } from './command.js';

export const HELP = `usage: forewarn backtest --from TIME --to TIME [--project SLUG] [--customers N] [--within 10m] [--times X] [--unlikeliness X] [--quiet-for 30m]

Replays the stored history through the detectors and says which incidents would have opened, as JSON lines, and a sum.
Times are ISO 8601. What is not given is as in the configuration file. Reads the database and changes nothing.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage.
`;
const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  project: { type: 'string' },
  customers: { type: 'string' },
  within: { type: 'string' },
  times: { type: 'string' },
  unlikeliness: { type: 'string' },
  'quiet-for': { type: 'string' },
} as const;

type Given = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** `forewarn backtest`: exit code 0, or 2 for wrong usage. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const given = read(args);
  const [from, to] = [new Date(given.from ?? ''), new Date(given.to ?? '')];
  if (!(from < to)) throw new UsageError('--from and --to must be times, the first before the second');
  const settings = readSettings(process.env);
  const config = loadConfig(configPath(settings));
  const { database, close } = await openDatabase(settings, { share: true, schema: 'asItIs', statementMs: 0 });
  try {
    const detections = new Detections(new DetectionStore(), new SeriesReadModel());
    const backtest = new Backtest(config.detection, config.incidents, detections, new HarmReadModel(), database);
    const projects = await new ProjectStore().list(database);
    const incidents: BacktestIncident[] = [];
    for (const { id: projectId, slug } of projects.filter((one) => (given.project ?? one.slug) === one.slug)) {
      const asked = {
        projectId,
        from,
        to,
        now: new SystemClock().now(),
        detection: thresholds(given, config.detection),
        quietFor: ms(given['quiet-for']),
      };
      for (const one of await backtest.run(asked, { mostRows: Infinity })) {
        stdout.write(`${JSON.stringify({ project: slug, ...one })}\n`);
        incidents.push(one);
      }
    }
    stdout.write(`${JSON.stringify(summaryOf(incidents))}\n`);
    return 0;
  } finally {
    await close();
  }
}

function read(args: string[]): Given {
  const { values } = readArguments({ args, options: OPTIONS });
  for (const name of ['customers', 'times', 'unlikeliness'] as const)
    if (!(Number(values[name] ?? 1) > 0)) throw new UsageError(`--${name} must be a number above 0`);
  for (const name of ['within', 'quiet-for'] as const)
    if (values[name] !== undefined && ms(values[name]) === undefined)
      throw new UsageError(`--${name} must be a duration such as 10m`);
  return values;
}

function thresholds(given: Given, { newFault, spike }: ReturnType<typeof loadConfig>['detection']) {
  return {
    newFault: { customers: Number(given.customers ?? newFault.customers), within: ms(given.within) ?? newFault.within },
    spike: {
      times: Number(given.times ?? spike.times),
      unlikeliness: Number(given.unlikeliness ?? spike.unlikeliness),
    },
  };
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
