import { describe, expect, it } from '@jest/globals';
import { type DeviceLogin, judgeLogin } from './judge-login.js';

const LIMITS = { people: 3, devices: 20 };

function login(about: Partial<DeviceLogin> = {}): DeviceLogin {
  const usual = { customerId: 7, people: 1, devices: 0, linkedTo: undefined, hasOther: false, takenAway: false };
  return { ...usual, ...about };
}

describe('a login on a device', () => {
  it('links what the device suffered to who logs in', () => {
    expect(judgeLogin(login(), LIMITS)).toBe('link');
    expect(judgeLogin(login({ people: 3 }), LIMITS)).toBe('link');
  });

  it('changes nothing where the device is linked to them, or is an entry of the directory', () => {
    expect(judgeLogin(login({ linkedTo: 7 }), LIMITS)).toBe('nothing');
    expect(judgeLogin(login({ hasOther: true, people: 9 }), LIMITS)).toBe('nothing');
  });

  it('frees a device that was linked to somebody else', () => {
    expect(judgeLogin(login({ linkedTo: 8, people: 2 }), LIMITS)).toBe('release');
  });

  it('never links a device that more people share, one that a person took away, nor one device too many', () => {
    expect(judgeLogin(login({ people: 4 }), LIMITS)).toBe('shared_device');
    expect(judgeLogin(login({ people: 4, linkedTo: 7 }), LIMITS)).toBe('shared_device');
    expect(judgeLogin(login({ takenAway: true }), LIMITS)).toBe('taken_away');
    expect(judgeLogin(login({ devices: 20 }), LIMITS)).toBe('too_many_devices');
  });
});
