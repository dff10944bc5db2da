/** Facts about a device on which somebody has logged in. */
export interface DeviceLogin {
  /** The customer who logged in. */
  readonly customerId: number;
  /** Customers who logged in on it within the time of the limit, this one among them. */
  readonly people: number;
  /** Devices linked to the customer within the time of the limit. */
  readonly devices: number;
  /** Whose the device's name is now: a stranger's, or a customer's to whom it is linked. */
  readonly linkedTo: number | undefined;
  /** True where the stranger has other names, or an entry of the directory has the device. */
  readonly hasOther: boolean;
  /** True when a person took this device from this customer. */
  readonly takenAway: boolean;
}

/** Verdict on a login: nothing; the stranger was this customer; the device is somebody else's from now on; or a link is refused. */
export type LoginVerdict = 'nothing' | 'link' | 'release' | 'shared_device' | 'too_many_devices' | 'taken_away';

/** Judges a login. What a device suffered before it belongs to whoever logs in next, as long as few people use it and no person said otherwise. */
export function judgeLogin(
  { customerId, people, devices, linkedTo, hasOther, takenAway }: DeviceLogin,
  limits: { readonly people: number; readonly devices: number },
): LoginVerdict {
  if (hasOther) return 'nothing';
  if (people > limits.people) return 'shared_device';
  if (linkedTo === customerId) return 'nothing';
  if (linkedTo !== undefined) return 'release';
  if (takenAway) return 'taken_away';
  return devices >= limits.devices ? 'too_many_devices' : 'link';
}
