import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * How many messages of a channel were taken for sending in each five minutes, over all processes: the ceilings of the installation are asked
 * of it. A campaign of customers whom only claims say were hit stands apart from those that the policy may approve by itself.
 */
const UP = `
CREATE TABLE send_budget (
  channel text NOT NULL,
  slot    timestamptz NOT NULL,
  count   integer NOT NULL,
  PRIMARY KEY (channel, slot)
);
ALTER TABLE campaign ADD COLUMN claimed boolean NOT NULL DEFAULT false;
`;

const DOWN = `
ALTER TABLE campaign DROP COLUMN claimed;
DROP TABLE send_budget;
`;

/** Ceilings of the whole installation, and campaigns that rest on claims. */
export class Ceilings1795431100000 implements MigrationInterface {
  readonly name = 'Ceilings1795431100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
