import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Several incidents of one customer in one message: a batch is open until its message leaves, one a customer. One message leads and is sent; the
 * others follow it, and stand where it stands, so that each incident knows who was told. When the leader does not go, they go by themselves.
 */
export class Batches1795460300000 implements MigrationInterface {
  readonly name = 'Batches1795460300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE message_batch (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer_id bigint NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
        due_at timestamptz NOT NULL
      );
      CREATE UNIQUE INDEX message_batch_open ON message_batch (customer_id);
      ALTER TABLE message
        ADD COLUMN batch_id bigint,
        ADD COLUMN lead_id uuid,
        ADD COLUMN merged integer NOT NULL DEFAULT 0;
      CREATE INDEX message_batched ON message (batch_id) WHERE batch_id IS NOT NULL;
      CREATE INDEX message_led ON message (lead_id) WHERE lead_id IS NOT NULL;

      CREATE FUNCTION message_follow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.state IN ('cancelled', 'suppressed') THEN
          UPDATE message SET state = 'pending', state_reason = NULL, lead_id = NULL, lease_until = NULL, fence = fence + 1
          WHERE lead_id = NEW.id AND state IN ('pending', 'claimed');
        ELSE
          UPDATE message SET state = NEW.state, state_reason = NEW.state_reason, next_at = NEW.next_at, channel = NEW.channel,
            gateway = NEW.gateway, provider_code = NEW.provider_code, sent_at = NEW.sent_at, delivered_at = NEW.delivered_at, final_at = NEW.final_at
          WHERE lead_id = NEW.id AND state NOT IN ('cancelled', 'suppressed');
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER message_follow AFTER UPDATE ON message FOR EACH ROW
        WHEN (NEW.merged > 0 AND (NEW.state IS DISTINCT FROM OLD.state OR NEW.channel IS DISTINCT FROM OLD.channel))
        EXECUTE FUNCTION message_follow();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER message_follow ON message;
      DROP FUNCTION message_follow();
      DROP INDEX message_led;
      DROP INDEX message_batched;
      ALTER TABLE message DROP COLUMN merged, DROP COLUMN lead_id, DROP COLUMN batch_id;
      DROP TABLE message_batch;
    `);
  }
}
