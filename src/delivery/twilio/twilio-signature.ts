import { validateRequest, validateRequestWithBody } from 'twilio/lib/webhooks/webhooks.js';

/** A webhook request as it came in. */
export interface SignedRequest {
  /** The full URL as Twilio was told it, from our configured public address and not from the Host header. */
  readonly url: string;
  /** The `X-Twilio-Signature` header. */
  readonly signature: string | undefined;
  /** Form fields, repeated ones as arrays; or the raw body for any other content type. */
  readonly body: Readonly<Record<string, string | readonly string[]>> | string;
}

/**
 * True when one of the auth tokens signed the request (two are live while a token is rotated). Form fields are all signed, so new ones
 * need no change here; other bodies are signed through the `bodySHA256` in the URL. Never throws: a malformed request is not signed.
 */
export function isSignedByTwilio(request: SignedRequest, authTokens: readonly string[]): boolean {
  const { url, signature, body } = request;
  if (!signature || !URL.canParse(url)) return false;
  return authTokens
    .filter((token) => token !== '')
    .some((token) =>
      typeof body === 'string'
        ? validateRequestWithBody(token, signature, url, body)
        : validateRequest(token, signature, url, body),
    );
}
