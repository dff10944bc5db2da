import { describe, expect, it } from '@jest/globals';
import { signWebhook } from '../../platform/http/webhook-signature.js';
import { waitAfter } from './webhook.js';

describe('a webhook about a hand-over', () => {
  it('is signed as the example of Standard Webhooks says', () => {
    const headers = signWebhook(
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '{"test": 2432232314}',
      new Date(1_614_265_330_000),
    );
    expect(headers).toMatchObject({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is tried again after 15 s, then twice as late each time, and once an hour in the end', () => {
    expect([1, 2, 3, 8, 9, 1000].map(waitAfter)).toEqual([15, 30, 60, 1920, 3600, 3600]);
  });
});
