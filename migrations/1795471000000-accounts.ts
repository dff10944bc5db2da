import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE customer
  ADD COLUMN account text,
  ADD COLUMN account_contact boolean NOT NULL DEFAULT false;

CREATE INDEX customer_account ON customer (account, directory_id) WHERE account IS NOT NULL;

ALTER TABLE message
  ADD COLUMN account text;

CREATE INDEX message_account ON message (incident_id, account) WHERE account IS NOT NULL;
`;

const DOWN = `
ALTER TABLE message
  DROP COLUMN account;

ALTER TABLE customer
  DROP COLUMN account_contact,
  DROP COLUMN account;
`;

/** Accounts: the company that a customer belongs to, its contact, and the messages that go to the contact in place of its customers. */
export class Accounts1795471000000 implements MigrationInterface {
  readonly name = 'Accounts1795471000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
