import { type Channel, CHANNELS } from '../customers/customer.js';
import { type Settings } from '../platform/config/settings.js';
import { assertNever } from '../platform/errors.js';
import { type DeliveryConfig, type GatewayConfig } from './delivery-config.js';
import { type Gateway } from './gateway.js';
import { HttpGateway } from './http/http.gateway.js';
import { SmtpGateway } from './smtp/smtp.gateway.js';
import { type TwilioConfig } from './twilio/twilio.gateway.js';
import { WebhookGateway } from './webhook/webhook.gateway.js';

/** One way out that is set up, by the environment or by the configuration. */
interface GatewaySet {
  readonly name: string;
  /** The name that people know it by. */
  readonly label: string;
  readonly channel: Channel;
  /** Calls a second in each process; undefined for no limit. */
  readonly perSecond?: number;
  /** Makes it, and loads what only it needs. Rejects when a setting cannot be used, without quoting a secret. */
  readonly make: () => Promise<Gateway>;
}

/** Every way out that is set up, those of a channel in the order in which they are used. The start, `forewarn doctor` and the planner read this. */
export function gatewaysSet({ smtp, twilio }: Settings, config: DeliveryConfig): GatewaySet[] {
  const { perSecond } = config;
  const all: GatewaySet[] = [
    ...(smtp
      ? [
          {
            name: 'smtp',
            label: 'SMTP',
            channel: 'email' as const,
            perSecond: perSecond.smtp,
            make: async () => new SmtpGateway(smtp),
          },
        ]
      : []),
    ...(twilio
      ? [
          {
            name: 'twilio',
            label: 'Twilio',
            channel: 'sms' as const,
            perSecond: perSecond.twilio,
            make: () => twilioGateway(twilio),
          },
        ]
      : []),
    ...config.gateways.map(ofConfig),
  ];
  const place = ({ name, channel }: GatewaySet) => config.order[channel]?.indexOf(name) ?? 0;
  return all.filter((one) => place(one) >= 0).sort((a, b) => (a.channel === b.channel ? place(a) - place(b) : 0));
}

/** Channels on which messages can go out: those of the providers, and with none at all every one, by the built-in outbox. */
export function channelsAvailable(settings: Settings, config: DeliveryConfig): readonly Channel[] {
  const set = gatewaysSet(settings, config).map(({ channel }) => channel);
  return set.length === 0 ? CHANNELS : [...new Set(set)];
}

function ofConfig(config: GatewayConfig): GatewaySet {
  const { name, perSecond } = config;
  const common = { name, label: `gateway ${name}`, perSecond };
  switch (config.kind) {
    case 'smtp':
      return { ...common, channel: 'email', make: async () => new SmtpGateway(config, name) };
    case 'twilio':
      return { ...common, channel: 'sms', make: () => twilioGateway(config, name) };
    case 'http':
      return { ...common, channel: config.channel, make: async () => new HttpGateway(config) };
    case 'webhook':
      return { ...common, channel: config.channel, make: async () => new WebhookGateway(config) };
    default:
      return assertNever(config);
  }
}

async function twilioGateway(config: TwilioConfig, name?: string): Promise<Gateway> {
  const { TwilioGateway } = await import('./twilio/twilio.gateway.js');
  return new TwilioGateway(config, name);
}
