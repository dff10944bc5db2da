import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* Customers say yes and no to each kind of message apart; what they said so far was about the service. */
const UP = `
ALTER TABLE consent_entry
  ADD COLUMN purpose text NOT NULL DEFAULT 'service',
  ADD CONSTRAINT consent_entry_purpose_check CHECK (purpose IN ('service', 'marketing', 'legal'));
DROP INDEX consent_entry_latest;
CREATE INDEX consent_entry_latest ON consent_entry (customer_id, channel, purpose, id DESC);
`;

const DOWN = `
DROP INDEX consent_entry_latest;
DELETE FROM consent_entry WHERE purpose <> 'service';
ALTER TABLE consent_entry DROP COLUMN purpose;
CREATE INDEX consent_entry_latest ON consent_entry (customer_id, channel, id DESC);
`;

/** Consent for each purpose. */
export class ConsentPurpose1795439000000 implements MigrationInterface {
  readonly name = 'ConsentPurpose1795439000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
