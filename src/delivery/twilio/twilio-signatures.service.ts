import { Inject, Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { Settings } from '../../platform/config/settings.js';
import { Problem } from '../../platform/errors.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { DELIVERY_CONFIG, type DeliveryConfig } from '../delivery-config.js';
import { isSignedByTwilio } from './twilio-signature.js';

/** Checks that Twilio sent a form, for any account of ours. While a token is rotated both sign. */
@Injectable()
export class TwilioSignatures {
  constructor(
    @Inject(Settings) private readonly settings: Settings,
    @Inject(DELIVERY_CONFIG) private readonly config: DeliveryConfig,
    private readonly publicUrl: PublicUrl,
  ) {}

  /**
   * Fields of a form that Twilio signed over our public URL; of a field that is repeated the first.
   * @throws Problem 403 when nobody of ours signed it
   */
  read(request: FastifyRequest, body: unknown, signature: string): Record<string, string> {
    const { authToken, secondAuthToken } = this.settings.twilio ?? {};
    const others = this.config.gateways.flatMap((one) => (one.kind === 'twilio' ? [one.authToken] : []));
    const tokens = [authToken, secondAuthToken, ...others].filter((token) => token !== undefined);
    const fields = formFields(body);
    if (
      tokens.length === 0 ||
      !isSignedByTwilio({ url: this.publicUrl.base + request.url, signature, body: fields }, tokens)
    )
      throw new Problem(
        403,
        'forbidden',
        "The signature is not Twilio's for this URL. Check PUBLIC_URL and TWILIO_AUTH_TOKEN.",
      );
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? value : (value[0] ?? '')]),
    );
  }
}

function formFields(body: unknown): Record<string, string | string[]> {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(isField));
}

function isField(entry: [string, unknown]): entry is [string, string | string[]] {
  const [, value] = entry;
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}
