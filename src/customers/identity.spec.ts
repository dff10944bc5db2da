import { describe, expect, it } from '@jest/globals';
import { identitiesOfUser, isNobody } from './identity.js';

describe('identities of a user', () => {
  it.each([
    '[Filtered]',
    'undefined',
    'null',
    'anonymous',
    ' Anonymous ',
    '0',
    '',
    '00000000-0000-0000-0000-000000000000',
    '11111111-1111-1111-1111-111111111111',
    'ffffffffffffffffffffffffffffffff',
    '-1',
    '000',
    '---',
    'None',
    'GAST',
    'Anónimo',
    'Гость',
    '匿名',
    'ゲスト',
    '9774d56d682e549c',
    '${userId}',
    '{{ user.id }}',
    '#{user.id}',
    '<%= user.id %>',
    '%USER%',
    '{user_id}',
    'undefined undefined',
    '测试',
  ])('are none for %j, which many apps send for nobody in particular', (value) => {
    expect(identitiesOfUser({ id: value, username: value })).toEqual([]);
  });

  it.each([
    '7',
    'c-0',
    'anonymous-7',
    'nullah',
    'a',
    '10',
    '1111',
    '-10',
    'gastone',
    '0x1',
    '{3f2504e0-4f89-11d3-9a0c-0305e82c3301}',
    '50%',
    '{7}',
  ])('keep %j, which may well be a customer', (value) => {
    expect(isNobody(value)).toBe(false);
  });

  it('are the same in both Unicode forms of a letter', () => {
    expect(identitiesOfUser({ id: 'jose\u0301' })).toEqual(identitiesOfUser({ id: 'jos\u00e9' }));
  });

  it('are the device of who has no other name, and of nobody else', () => {
    expect(identitiesOfUser({ device: 'd-1' })).toEqual([{ kind: 'device', value: 'd-1' }]);
    expect(identitiesOfUser({ id: 'c-1', device: 'd-1' })).toEqual([{ kind: 'id', value: 'c-1' }]);
    expect(identitiesOfUser({ id: 'null', device: '0' })).toEqual([]);
  });

  it('stand strongest first, an address in lower case', () => {
    expect(identitiesOfUser({ username: 'kim', email: ' Kim@Shop.Example', id: 'c-1' })).toEqual([
      { kind: 'id', value: 'c-1' },
      { kind: 'email', value: 'kim@shop.example' },
      { kind: 'username', value: 'kim' },
    ]);
  });
});
