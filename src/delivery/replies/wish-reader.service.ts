import { Injectable } from '@nestjs/common';
import { Meaning } from '../../explanations/meaning.service.js';
import { WISH_EXAMPLES } from './wish-examples.js';
import { readWish, type Wish, wishOf } from './wish.js';

/** Code units of a reply that is matched; who writes more tells a story, which is for a person. */
const LONGEST = 300;

/** Understands replies: key words and clear phrases first, then likeness to sentences that say a wish. */
@Injectable()
export class WishReader {
  constructor(private readonly meaning: Meaning) {}

  /**
   * Reads a reply. Takes seconds at the first call: keep it out of transactions.
   * @param optOutType Twilio's own reading, which wins
   */
  async read(text: string, optOutType?: string): Promise<Wish> {
    const wish = readWish(text, optOutType);
    if (wish.kind !== 'none' || text.length > LONGEST) return wish;
    return wishOf(await this.meaning.kindOf(text, WISH_EXAMPLES));
  }
}
