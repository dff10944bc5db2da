/** Size and encoding of a text as SMS. */
export interface SmsLength {
  readonly encoding: 'GSM-7' | 'UCS-2';
  /** Septets (GSM-7) or 16-bit units (UCS-2) without headers. */
  readonly units: number;
  /** Parts that the provider bills; 1 for an empty text. */
  readonly segments: number;
  /** The characters that forced UCS-2, each once, in order of appearance; empty for GSM-7. */
  readonly nonGsm: readonly string[];
}

/** The GSM 7-bit default alphabet (3GPP TS 23.038, section 6.2.1): one septet each. */
const GSM_BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);

/** Its extension table (section 6.2.1.1): an escape and one more septet. */
const GSM_EXTENSION = new Set('\f^{}\\[~]|€');

/** Units in a message sent alone and in each part of a longer one: 140 octets, less a 6-octet header per part (3GPP TS 23.040, 9.2.3.24.1). */
const CAPACITY = {
  'GSM-7': { alone: 160, part: 153 },
  'UCS-2': { alone: 70, part: 67 },
} as const;

/** Says how many parts a text takes. No character, pair of surrogates or escape sequence is cut between parts, as handsets require. */
export function measureSms(text: string): SmsLength {
  const characters = [...text];
  const nonGsm = [...new Set(characters.filter((c) => !GSM_BASIC.has(c) && !GSM_EXTENSION.has(c)))];
  const encoding = nonGsm.length === 0 ? 'GSM-7' : 'UCS-2';
  const sizes = characters.map((c) => (encoding === 'UCS-2' ? c.length : GSM_EXTENSION.has(c) ? 2 : 1));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { alone, part } = CAPACITY[encoding];
  return { encoding, units, segments: units <= alone ? 1 : countParts(sizes, part), nonGsm };
}

function countParts(sizes: readonly number[], capacity: number): number {
  let parts = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > capacity) {
      parts += 1;
      used = 0;
    }
    used += size;
  }
  return parts;
}
