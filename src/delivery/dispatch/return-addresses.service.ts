import { Inject, Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { verpAddress } from '../bounces/verp.js';
import { type Surroundings } from '../outgoing.js';
import { ReceiptStore } from '../receipts/receipt.store.js';

/** Addresses that messages point back to, and the secret behind those for bounces. */
@Injectable()
export class ReturnAddresses {
  private secret: Promise<string> | undefined;

  constructor(
    @Inject(Settings) private readonly settings: Settings,
    private readonly publicUrl: PublicUrl,
    private readonly store: ReceiptStore,
    private readonly database: Database,
  ) {}

  /** Addresses for messages that go out now. */
  async surroundings(): Promise<Surroundings> {
    const { base } = this.publicUrl;
    const to = this.settings.smtp?.bouncesTo;
    if (to === undefined) return { base };
    const secret = await this.bounceSecret();
    return { base, bounceAddress: (messageId) => verpAddress(to, messageId, secret) };
  }

  /** The secret of bounce addresses. One that could not be read is asked for again. */
  bounceSecret(): Promise<string> {
    this.secret ??= this.store.bounceSecret(this.database).catch((error: unknown) => {
      this.secret = undefined;
      throw error;
    });
    return this.secret;
  }
}
