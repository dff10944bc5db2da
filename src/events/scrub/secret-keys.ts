/** How a key marks its value: `hide` always, `hideText` only when it is no mere number, `identity` as a person's own. */
export type KeyVerdict = 'hide' | 'hideText' | 'identity' | undefined;

/** Parts that make any key secret; compared without case and without anything but letters and digits. */
const SECRET_PARTS = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'secret',
  'apikey',
  'accesskey',
  'privatekey',
  'credential',
  'authorization',
  'cookie',
  'csrf',
  'xsrf',
  'creditcard',
  'kreditkarte',
  'cardnumber',
  'cardno',
  'cvv',
  'securitycode',
  'socialsecurity',
  'passwort',
  'signature',
  'encryptionkey',
  'signingkey',
  'accountkey',
  'sharedkey',
  'masterkey',
  'authentication',
  'xauth',
];
/** Words that make a key secret where they stand by themselves: `pin_code` and `PHP_AUTH_PW`, not `shipping`. */
const SECRET_WORDS = new Set('pw pwd pin otp totp mfa cvv cvc iban ssn'.split(' '));
/** The same, only when the value is text: `pass: 3` counts tests. */
const SECRET_TEXT_WORDS = new Set(['pass']);
/** Whole keys that are secret. */
const SECRET_KEYS = new Set(
  'auth pwd pass pin otp cvc cvc2 ssn sid iban dsn signature sig bearer jwt connectsid phpsessid jsessionid mysqlpwd pgpassword'.split(
    ' ',
  ),
);
/** Parts that mark a secret only when the value is text: `sessionSeconds: 12` and `tokenCount: 3` are none. */
const SECRET_TEXT_PARTS = ['token', 'session', 'authkey', 'verificationcode'];
/** Whole keys that hold what a person is known by. */
const IDENTITY_KEYS = new Set(
  (
    'email emailaddress mail useremail contactemail customeremail enduserid ipaddress remoteaddr remoteip clientip ' +
    'clientaddress xforwardedfor xrealip forwarded cfconnectingip trueclientip fastlyclientip phone phonenumber mobile ' +
    'telephone msisdn userid username useripaddress fullname firstname lastname surname'
  ).split(' '),
);

const CACHE_LIMIT = 5000;

/** Decides by a value's key; an operator may add keys (`extra`) and exempt some (`keep`). */
export class KeyRules {
  private readonly verdicts = new Map<string, KeyVerdict>();
  private readonly extra: ReadonlySet<string>;
  private readonly keep: ReadonlySet<string>;

  constructor(extra: readonly string[], keep: readonly string[]) {
    this.extra = new Set(extra.map(normalise));
    this.keep = new Set(keep.map(normalise));
  }

  /** Verdicts of short keys are remembered, up to a bound, since the same keys come in every event. */
  of(key: string): KeyVerdict {
    if (key.length > 64) return this.judge(key.slice(0, 256));
    if (this.verdicts.has(key)) return this.verdicts.get(key);
    const verdict = this.judge(key);
    if (this.verdicts.size < CACHE_LIMIT) this.verdicts.set(key, verdict);
    return verdict;
  }

  private judge(key: string): KeyVerdict {
    const name = normalise(key);
    if (this.keep.has(name)) return undefined;
    if (this.extra.has(name) || SECRET_KEYS.has(name)) return 'hide';
    if (SECRET_PARTS.some((part) => name.includes(part))) return 'hide';
    const words = wordsOf(key);
    if (words.some((word) => SECRET_WORDS.has(word))) return 'hide';
    if (SECRET_TEXT_PARTS.some((part) => name.includes(part)) || words.some((word) => SECRET_TEXT_WORDS.has(word)))
      return 'hideText';
    return IDENTITY_KEYS.has(name) ? 'identity' : undefined;
  }
}

/** `smtpPass`, `SMTP_PASS` and `smtp-pass` are the words "smtp" and "pass". */
function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

function normalise(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}
