import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Days of use: one bit for each of the last 52 days, the lowest for the day of last_at. What the last score of a customer was, and what was called
 * when: so that it can be measured whether those who were called poor fell silent more often than the rest.
 */
const UP = `
ALTER TABLE customer_activity ADD COLUMN days bigint NOT NULL DEFAULT 1;
CREATE INDEX customer_activity_customer ON customer_activity (customer_id);

CREATE TABLE customer_health (
  customer_id   bigint PRIMARY KEY REFERENCES customer ON DELETE CASCADE,
  score         smallint NOT NULL,
  band          text NOT NULL CHECK (band IN ('poor', 'fair', 'good')),
  parts         jsonb NOT NULL,
  scored_at     timestamptz NOT NULL
);
CREATE INDEX customer_health_worst ON customer_health (score, customer_id);

CREATE TABLE health_call (
  customer_id   bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  called_at     timestamptz NOT NULL,
  band          text NOT NULL CHECK (band IN ('poor', 'fair', 'good')),
  silent        boolean,
  PRIMARY KEY (customer_id, called_at)
);
CREATE INDEX health_call_open ON health_call (called_at) WHERE silent IS NULL;

CREATE VIEW health_hit AS
  SELECT h.customer_id, i.root_id AS issue_id, coalesce(c.severity, CASE WHEN c.blocking THEN 2 ELSE 1 END)::int AS severity, h.last_at, h.events
  FROM issue_customer h JOIN cell c ON c.id = h.cell_id JOIN issue i ON i.id = c.issue_id;
`;

const DOWN = `
DROP VIEW health_hit;
DROP TABLE health_call, customer_health;
DROP INDEX customer_activity_customer;
ALTER TABLE customer_activity DROP COLUMN days;
`;

/** Health of customers. */
export class CustomerHealth1795439200000 implements MigrationInterface {
  readonly name = 'CustomerHealth1795439200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
