import { SmtpInbox } from './smtp-inbox.js';
import { TwilioEmulator } from './twilio-emulator.js';

/** The ways out of a journey: a real SMTP server and the emulated Twilio, with the settings that lead to them. */
export interface Outside {
  readonly smtp: SmtpInbox;
  readonly twilio: TwilioEmulator;
  readonly env: Record<string, string>;
  /** Who got what so far: each address as often as it was written to, in order of address. */
  recipients(): string[];
  stop(): Promise<void>;
}

/** Starts both on free ports. */
export async function startOutside(): Promise<Outside> {
  const smtp = await SmtpInbox.start();
  const twilio = await TwilioEmulator.start();
  return {
    smtp,
    twilio,
    env: {
      SMTP_URL: smtp.url,
      MAIL_FROM: 'Shop <care@shop.example>',
      TWILIO_ACCOUNT_SID: twilio.accountSid,
      TWILIO_AUTH_TOKEN: twilio.authToken,
      TWILIO_FROM: '+15005550006',
      TWILIO_BASE_URL: twilio.url,
    },
    recipients: () => [...smtp.mails.flatMap((mail) => mail.to), ...twilio.messages.map((one) => one.to)].sort(),
    stop: async () => {
      await smtp.stop();
      await twilio.stop();
    },
  };
}
