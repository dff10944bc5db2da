import { randomUUID } from 'node:crypto';

/** A native event as `POST /v1/events` takes it; a test sets only what it is about. */
export interface EventBody {
  id?: string;
  type?: string;
  message?: string;
  stack?: string;
  customer?: string | { id?: string; email?: string; username?: string; device?: string };
  release?: string;
  level?: string;
  timestamp?: string;
  exception?: Record<string, unknown>;
  tags?: Record<string, string>;
}

/** A line of a customer import; a test sets only what it is about. */
export interface CustomerLine {
  externalId: string;
  name?: string | null;
  locale?: string;
  timeZone?: string;
  email?: string | null;
  phone?: string | null;
  account?: string | null;
  accountContact?: boolean;
  consent?: Record<string, unknown>;
  attributes?: Record<string, string | number | boolean | null>;
  usernames?: string[];
}

/** An error of the same fault each time, with an id of its own. */
export function anEvent(about: EventBody = {}): EventBody {
  return {
    id: randomUUID(),
    type: 'TypeError',
    message: "Cannot read properties of undefined (reading 'total')",
    stack:
      "TypeError: Cannot read properties of undefined (reading 'total')\n    at applyCoupon (/srv/shop/src/checkout.js:12:5)\n    at handle (/srv/shop/src/server.js:9:1)",
    release: '2.4.1',
    ...about,
  };
}

/** An error of another fault than `anEvent`. */
export function anotherEvent(about: EventBody = {}): EventBody {
  return anEvent({
    type: 'RangeError',
    message: 'page must be positive',
    stack: 'RangeError: page must be positive\n    at readPage (/srv/shop/src/search.js:40:9)',
    ...about,
  });
}

/** A customer who can be reached by e-mail and agreed to it. */
export function aCustomer(about: Partial<CustomerLine> = {}): CustomerLine {
  const externalId = about.externalId ?? randomUUID();
  return {
    externalId,
    email: `${externalId}@customers.example`,
    locale: 'en',
    timeZone: 'Europe/Berlin',
    consent: { email: true },
    ...about,
  };
}

/** A mobile number; the emulator of the provider is the only one that gets it. */
export function phone(last: number): string {
  return `+49151123456${String(last).padStart(2, '0')}`;
}

/** A customer who is reached by SMS first. */
export function aPhoneCustomer(last: number, about: Partial<CustomerLine> = {}): CustomerLine {
  return aCustomer({ phone: phone(last), consent: { sms: true, email: true }, ...about });
}
