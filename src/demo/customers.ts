import { pick, seededRandom } from './random.js';

/** The app with which a customer uses the shop. */
export type Platform = 'ios' | 'android' | 'web';

/** A customer of the demo's shop, as one line of `POST /v1/customers/import`. */
export interface DemoCustomer {
  readonly externalId: string;
  readonly name: string;
  readonly locale: string;
  readonly timeZone: string;
  readonly email?: string;
  readonly phone?: string;
  readonly consent: { readonly sms: boolean; readonly email: boolean };
  readonly attributes: { readonly platform: Platform };
}

/** Where customers live: locale, time zone, names. German readers get English, as the demo has no German texts. */
const PLACES = [
  { locale: 'en-GB', timeZone: 'Europe/London', names: ['Ada', 'Ben', 'Chloe', 'Dan', 'Emma', 'Finn', 'Grace'] },
  { locale: 'zh-CN', timeZone: 'Asia/Shanghai', names: ['李明', '王芳', '张伟', '刘洋', '陈静', '赵磊', '黄丽'] },
  { locale: 'en-US', timeZone: 'America/New_York', names: ['Jack', 'Kate', 'Liam', 'Mia', 'Noah', 'Olga', 'Paul'] },
  { locale: 'de-DE', timeZone: 'Europe/Berlin', names: ['Anja', 'Bernd', 'Clara', 'Dirk', 'Eva', 'Felix', 'Greta'] },
] as const;
const PLATFORMS = ['ios', 'android', 'web'] as const;
/** The 555-01xx numbers of these areas are reserved for fiction. */
const AREAS = ['201', '212', '312', '415'];

/** The same `count` customers each time (400 at most): some took SMS, some email only, some said no, some left no address. */
export function demoCustomers(count: number): DemoCustomer[] {
  const random = seededRandom(20_261);
  return Array.from({ length: count }, (_, index) => {
    const place = pick(random, PLACES, [30, 40, 20, 10]);
    const platform = pick(random, PLATFORMS, [40, 35, 25]);
    const externalId = `c-${String(index + 1).padStart(3, '0')}`;
    const hasEmail = random() < 0.9;
    const hasPhone = random() < 0.7;
    return {
      externalId,
      name: place.names[Math.floor(random() * place.names.length)] ?? place.names[0],
      locale: place.locale,
      timeZone: place.timeZone,
      ...(hasEmail && { email: `${externalId}@customers.example` }),
      ...(hasPhone && { phone: `+1${AREAS[Math.floor(index / 100)]}55501${String(index % 100).padStart(2, '0')}` }),
      consent: { sms: random() < 0.6, email: random() < 0.8 },
      attributes: { platform },
    };
  });
}

/** How the demo's policy (SMS before email) must reach a customer; undefined when it must not write to them. */
export function expectedChannel({ email, phone, consent }: DemoCustomer): 'sms' | 'email' | undefined {
  if (phone !== undefined && consent.sms) return 'sms';
  return email !== undefined && consent.email ? 'email' : undefined;
}
