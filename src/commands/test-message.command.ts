import { gatewaysSet } from '../delivery/gateway.factories.js';
import { channelOf, sendTest, testRefusal } from '../delivery/test-message.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { StartError } from '../platform/errors.js';
import { type CommandIo, readArguments, UsageError } from './command.js';

export const HELP = `usage: forewarn test-message --to ADDRESS [--locale TAG]

Sends one message to yourself, marked as a test, through the provider of the settings. ADDRESS is a mail address or a number like
+4915112345678; the language is en when left out.

Exit codes: 0 the provider took it, 1 it did not, 2 wrong usage.
`;

/** `forewarn test-message`: one marked message to oneself through the provider of the settings. Exit code 1 when the provider did not take it. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const { to, locale } = parse(args);
  const channel = to === undefined ? undefined : channelOf(to);
  if (to === undefined || channel === undefined)
    throw new UsageError('--to must be a mail address or a number like +4915112345678');
  const settings = readSettings(process.env);
  if (settings.sending === 'held') throw new StartError('FOREWARN_SENDING is held, so nothing leaves.');
  const { delivery, outreach } = loadConfig(configPath(settings));
  const gateway = await gatewaysSet(settings, delivery)
    .find((one) => one.channel === channel)
    ?.make();
  if (!gateway) throw new StartError(`No provider is set for ${channel}.`);
  const clock = new SystemClock();
  const test = { id: clock.uuid(), channel, to, locale };
  const refusal = testRefusal(test);
  if (refusal) throw new StartError(refusal);
  try {
    const base = settings.publicUrl ?? `http://localhost:${settings.port}`;
    const result = await sendTest(gateway, test, { base, approvedTexts: outreach.approvedTexts }, clock.now());
    const words =
      'reason' in result ? `${result.reason}${'code' in result && result.code ? ` (${result.code})` : ''}` : '';
    stdout.write(`${gateway.name}: ${result.kind} ${words}`.trimEnd() + '\n');
    return result.kind === 'sent' ? 0 : 1;
  } finally {
    await gateway.close();
  }
}

function parse(args: string[]): { to: string | undefined; locale: string } {
  const options = { to: { type: 'string' }, locale: { type: 'string', default: 'en' } } as const;
  const { to, locale } = readArguments({ args, options }).values;
  try {
    return { to, locale: new Intl.Locale(locale).toString() };
  } catch {
    throw new UsageError('--locale must be a language tag such as de or zh-CN');
  }
}
