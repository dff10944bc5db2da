import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * One more message of the same kind to a customer on the next channel (`turn`), and repeated messages of one kind (`round`); whether a provider has
 * ever reported that a message arrived. The version before plans nothing more on this schema, since its index is another; what it planned goes out.
 */
export class NextChannel1795460000000 implements MigrationInterface {
  readonly name = 'NextChannel1795460000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE message
        ADD COLUMN round integer NOT NULL DEFAULT 1,
        ADD COLUMN turn integer NOT NULL DEFAULT 1,
        ADD COLUMN passes_on boolean NOT NULL DEFAULT false;
      DROP INDEX message_told_once;
      CREATE UNIQUE INDEX message_told_once ON message (incident_id, customer_id, kind, round, turn);
      CREATE UNIQUE INDEX message_channel_once ON message (incident_id, customer_id, kind, round, channel);
      CREATE INDEX message_passes_on ON message (incident_id, sent_at) WHERE passes_on AND state IN ('sent', 'failed');
      ALTER TABLE provider_use ADD COLUMN heard_at timestamptz;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE provider_use DROP COLUMN heard_at;
      UPDATE message SET customer_id = NULL WHERE turn > 1 OR round > 1;
      DROP INDEX message_passes_on;
      DROP INDEX message_channel_once;
      DROP INDEX message_told_once;
      CREATE UNIQUE INDEX message_told_once ON message (incident_id, customer_id, kind);
      ALTER TABLE message DROP COLUMN passes_on, DROP COLUMN turn, DROP COLUMN round;
    `);
  }
}
