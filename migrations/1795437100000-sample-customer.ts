import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* Whose event a payload is, so that erasing the customer removes it whatever it says; null in payloads that were kept before. */
const UP = 'ALTER TABLE event_sample ADD COLUMN customer_id bigint;';

const DOWN = 'ALTER TABLE event_sample DROP COLUMN customer_id;';

/** The customer of a payload. */
export class SampleCustomer1795437100000 implements MigrationInterface {
  readonly name = 'SampleCustomer1795437100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
