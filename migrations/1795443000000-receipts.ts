import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Keeps what providers report about messages, addresses that nobody may write to, replies of customers, and what a message cost. The secret makes
 * bounce addresses that nobody can invent.
 */
const UP = `
CREATE TABLE receipt (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id  uuid NOT NULL REFERENCES message,
  source      text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('sent', 'delivered', 'failed', 'delayed', 'complaint')),
  reason      text,
  code        text,
  provider_id text,
  at          timestamptz NOT NULL
);
CREATE UNIQUE INDEX receipt_once ON receipt (message_id, source, kind, coalesce(code, ''));
CREATE TABLE suppression (
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  address text NOT NULL,
  reason  text NOT NULL,
  source  text NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (channel, address)
);
CREATE TABLE reply (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider_id text NOT NULL UNIQUE,
  customer_id bigint REFERENCES customer ON DELETE CASCADE,
  message_id  uuid REFERENCES message,
  wish        text NOT NULL CHECK (wish IN ('stop', 'stopThis', 'start', 'help', 'none')),
  certain     boolean NOT NULL,
  text        text,
  at          timestamptz NOT NULL
);
CREATE INDEX reply_customer ON reply (customer_id, at DESC);
CREATE INDEX contact_point_address ON contact_point (channel, address);
CREATE TABLE delivery_secret (
  name  text PRIMARY KEY,
  value text NOT NULL
);
INSERT INTO delivery_secret VALUES ('bounce', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
DROP INDEX message_due;
CREATE INDEX message_due ON message (next_at, id) WHERE state = 'pending';
ALTER TABLE message ADD COLUMN delivered_at timestamptz, ADD COLUMN segments integer, ADD COLUMN price numeric(12, 6), ADD COLUMN price_unit text;
`;

const DOWN = `
ALTER TABLE message DROP COLUMN delivered_at, DROP COLUMN segments, DROP COLUMN price, DROP COLUMN price_unit;
DROP INDEX message_due;
CREATE INDEX message_due ON message (next_at) WHERE state = 'pending';
DROP TABLE delivery_secret;
DROP INDEX contact_point_address;
DROP TABLE reply;
DROP TABLE suppression;
DROP TABLE receipt;
`;

/** Receipts, suppressed addresses, replies and costs. */
export class Receipts1795443000000 implements MigrationInterface {
  readonly name = 'Receipts1795443000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
