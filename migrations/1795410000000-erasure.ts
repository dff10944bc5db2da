import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE customer_erasure (count bigint NOT NULL);
INSERT INTO customer_erasure VALUES (0);
ALTER TABLE outbox_mail ADD COLUMN customer_id bigint REFERENCES customer ON DELETE CASCADE;
UPDATE outbox_mail o SET customer_id = m.customer_id FROM message m WHERE m.id = o.message_id;
DELETE FROM outbox_mail WHERE customer_id IS NULL;
CREATE INDEX outbox_mail_customer ON outbox_mail (customer_id);
`;

/** Messages in the built-in outbox go with their customer; a count tells every process that somebody was erased. */
export class Erasure1795410000000 implements MigrationInterface {
  readonly name = 'Erasure1795410000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE customer_erasure; ALTER TABLE outbox_mail DROP COLUMN customer_id');
  }
}
