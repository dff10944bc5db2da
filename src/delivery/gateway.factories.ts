import { type Channel, CHANNELS } from '../customers/customer.js';
import { type Settings } from '../platform/config/settings.js';
import { type Gateway } from './gateway.js';
import { SmtpGateway } from './smtp/smtp.gateway.js';
import { TwilioGateway } from './twilio/twilio.gateway.js';

/** One provider that settings can name. */
export interface GatewayFactory {
  /** The name that people know it by. */
  readonly label: string;
  readonly channel: Channel;
  /** Makes it; undefined where it is not set up. Throws when a setting cannot be used, without quoting a secret. */
  readonly make: (settings: Settings) => Gateway | undefined;
  readonly isSet: (settings: Settings) => boolean;
}

/** Every provider. The start, `forewarn doctor` and the planner read this list and no other. */
export const GATEWAYS: readonly GatewayFactory[] = [
  {
    label: 'SMTP',
    channel: 'email',
    isSet: ({ smtp }) => smtp !== undefined,
    make: ({ smtp }) => smtp && new SmtpGateway(smtp),
  },
  {
    label: 'Twilio',
    channel: 'sms',
    isSet: ({ twilio }) => twilio !== undefined,
    make: ({ twilio }) => twilio && new TwilioGateway(twilio),
  },
];

/** Providers that are set up, in the order of the list. */
export function gatewaysSet(settings: Settings): GatewayFactory[] {
  return GATEWAYS.filter((one) => one.isSet(settings));
}

/** Channels on which messages can go out: those of the providers, and with none at all every one, by the built-in outbox. */
export function channelsAvailable(settings: Settings): readonly Channel[] {
  const set = gatewaysSet(settings).map(({ channel }) => channel);
  return set.length === 0 ? CHANNELS : [...new Set(set)];
}
