import { describe, expect, it } from '@jest/globals';
import { type MessageView } from './api.js';
import { type Accounts, balance } from './books.js';
import { type DemoCustomer } from './customers.js';
import { Witness } from './traffic.js';

const ANN = aCustomer('ann');
const BOB = aCustomer('bob');

function aCustomer(externalId: string): DemoCustomer {
  const email = `${externalId}@customers.example`;
  const consent = { sms: false, email: true };
  return {
    externalId,
    name: externalId,
    locale: 'en',
    timeZone: 'UTC',
    email,
    consent,
    attributes: { platform: 'ios' },
  };
}

function aMessage(customer: DemoCustomer, kind: MessageView['kind'], change: Partial<MessageView> = {}): MessageView {
  const { externalId, email = null } = customer;
  const sent = { state: 'sent', stateReason: null, address: email, subject: '', body: '', attempts: 1, sentAt: '' };
  return {
    id: `${externalId} ${kind}`,
    customer: { externalId },
    kind,
    audience: 'affected',
    channel: 'email',
    locale: 'en',
    ...sent,
    ...change,
  };
}

/** Ann was hit and told; three everyday errors happened to Bob. */
function accounts(change: Partial<Accounts> = {}): Accounts {
  const witness = new Witness();
  witness.note({ customer: ANN, path: '/checkout' }, false);
  for (const path of ['/search', '/products', '/invoices']) witness.note({ customer: BOB, path }, false);
  const issue = { title: '', events: 1, customers: 1, firstRelease: null };
  return {
    customers: [ANN, BOB],
    witness,
    appErrors: 4,
    outcomes: { accepted: 4, used: 5, discarded: 9 },
    issues: ['1', '2', '3', '4'].map((id) => ({ id, ...issue })),
    incidents: [{ id: '1', status: 'resolved', severity: 'major', title: '', openedAt: '', issues: ['4'] }],
    audience: ['ann'],
    messages: [aMessage(ANN, 'notice'), aMessage(ANN, 'resolved')],
    outbox: ['email ann@customers.example', 'email ann@customers.example'],
    ...change,
  };
}

const wrong = (change: Partial<Accounts>) => balance(accounts(change)).filter((entry) => !entry.holds).length;

describe('the books of the demo', () => {
  it('balance when everybody hit was told, once, and nobody else', () => {
    expect(wrong({})).toBe(0);
  });

  it('do not balance when an event is lost, refused or seen twice', () => {
    expect(wrong({ outcomes: { accepted: 3 } })).toBeGreaterThan(0);
    expect(wrong({ outcomes: { accepted: 4, duplicate: 1 } })).toBeGreaterThan(0);
    expect(wrong({ appErrors: 5 })).toBeGreaterThan(0);
  });

  it('do not balance when somebody who was not hit is told', () => {
    const { messages, outbox } = accounts();
    const more = [...messages, aMessage(BOB, 'notice'), aMessage(BOB, 'resolved')];
    const sent = ['email bob@customers.example', 'email bob@customers.example'];
    expect(wrong({ messages: more, audience: ['ann', 'bob'], outbox: [...outbox, ...sent] })).toBeGreaterThan(0);
  });

  it('balance when somebody at risk is warned, and not when they are told that it happened or cannot be hit', () => {
    const warned = (customer: DemoCustomer, audience: MessageView['audience']): Partial<Accounts> => {
      const { messages, outbox } = accounts();
      return {
        customers: [ANN, customer],
        messages: [...messages, aMessage(customer, 'notice', { audience }), aMessage(customer, 'resolved')],
        outbox: [...outbox, 'email bob@customers.example', 'email bob@customers.example'],
      };
    };
    expect(wrong(warned(BOB, 'atRisk'))).toBe(0);
    expect(wrong(warned(BOB, 'affected'))).toBeGreaterThan(0);
    expect(wrong(warned({ ...BOB, attributes: { platform: 'web' } }, 'atRisk'))).toBe(1);
  });

  it('do not balance when a message goes out twice', () => {
    const [notice, resolved] = accounts().messages;
    if (!notice || !resolved) throw new Error('there are two messages');
    expect(wrong({ messages: [notice, { ...resolved, attempts: 2 }] })).toBe(1);
    expect(wrong({ outbox: [...accounts().outbox, 'email ann@customers.example'] })).toBe(1);
  });

  it('do not balance when somebody told of the fault does not hear of its end', () => {
    expect(wrong({ messages: [aMessage(ANN, 'notice')], outbox: ['email ann@customers.example'] })).toBe(1);
  });

  it('do not balance when a message goes out against consent', () => {
    const refused = { ...ANN, consent: { sms: false, email: false } };
    expect(wrong({ customers: [refused, BOB] })).toBe(1);
  });

  it('do not balance when everyday errors open an incident', () => {
    const [incident] = accounts().incidents;
    if (!incident) throw new Error('there is an incident');
    expect(wrong({ incidents: [incident, { ...incident, id: '2', issues: ['1'] }] })).toBe(1);
  });
});
