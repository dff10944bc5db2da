import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** A pause that a customer asks for on their page, and the way from the code in a message to the message. */
export class CustomerPage1795465000000 implements MigrationInterface {
  readonly name = 'CustomerPage1795465000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE customer ADD COLUMN paused_until timestamptz;
      CREATE INDEX message_code ON message (substr(id::text, 25, 10)) WHERE body IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX message_code;
      ALTER TABLE customer DROP COLUMN paused_until;
    `);
  }
}
