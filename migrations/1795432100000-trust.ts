import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * How each hit is known: how many of its events were signed and how many a server key sent, the rest being claims; and which source claimed
 * it first (a salted hash of key and address that nobody can read back after an hour). What speaks against a fix is gathered until enough do.
 */
const UP = `
ALTER TABLE issue_customer
  ADD signed_events integer NOT NULL DEFAULT 0,
  ADD server_events integer NOT NULL DEFAULT 0,
  ADD source        bigint;
ALTER TABLE audience_member ADD trust text NOT NULL DEFAULT 'claimed' CHECK (trust IN ('claimed', 'signed', 'server'));
CREATE TABLE regression_doubt (
  issue_id    bigint NOT NULL REFERENCES issue,
  source      bigint NOT NULL,
  customer_id bigint NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (issue_id, source, customer_id)
);
`;

const DOWN = `
DROP TABLE regression_doubt;
ALTER TABLE audience_member DROP trust;
ALTER TABLE issue_customer DROP signed_events, DROP server_events, DROP source;
`;

/** Trust of evidence. */
export class Trust1795432100000 implements MigrationInterface {
  readonly name = 'Trust1795432100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
