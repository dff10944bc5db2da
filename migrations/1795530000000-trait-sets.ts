import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE trait_set (
  customer_id  bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  project_id   int NOT NULL,
  -- The newest of all below.
  last_seen    timestamptz NOT NULL,
  -- One element for each value of a trait, the one seen last at the end; moments in epoch milliseconds, trust as a place in claimed, signed, server.
  names        text[] NOT NULL,
  vals         text[] NOT NULL,
  firsts       bigint[] NOT NULL,
  lasts        bigint[] NOT NULL,
  counts       bigint[] NOT NULL,
  trusts       smallint[] NOT NULL,
  PRIMARY KEY (customer_id, project_id)
) WITH (fillfactor = 80);
INSERT INTO trait_set (customer_id, project_id, last_seen, names, vals, firsts, lasts, counts, trusts)
SELECT customer_id, project_id, max(last_seen),
  array_agg(name ORDER BY last_seen, name, value),
  array_agg(value ORDER BY last_seen, name, value),
  array_agg((extract(epoch FROM coalesce(first_seen, last_seen)) * 1000)::bigint ORDER BY last_seen, name, value),
  array_agg((extract(epoch FROM last_seen) * 1000)::bigint ORDER BY last_seen, name, value),
  array_agg(count ORDER BY last_seen, name, value),
  array_agg(trust ORDER BY last_seen, name, value)
FROM customer_trait
GROUP BY 1, 2;
DROP TABLE customer_trait;
CREATE VIEW customer_trait AS
SELECT s.project_id, s.customer_id, t.name, t.value, to_timestamp(t.last / 1000.0) AS last_seen, t.count, to_timestamp(t.first / 1000.0) AS first_seen, t.trust
FROM trait_set s
CROSS JOIN LATERAL unnest(s.names, s.vals, s.firsts, s.lasts, s.counts, s.trusts) AS t (name, value, first, last, count, trust);
`;

const DOWN = `
CREATE TABLE customer_trait_rows (
  project_id   int NOT NULL,
  customer_id  bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  name         text NOT NULL,
  value        text NOT NULL,
  last_seen    timestamptz NOT NULL,
  count        bigint NOT NULL,
  trust        smallint NOT NULL DEFAULT 0 CHECK (trust BETWEEN 0 AND 2),
  first_seen   timestamptz,
  CONSTRAINT customer_trait_pkey PRIMARY KEY (project_id, customer_id, name, value)
);
INSERT INTO customer_trait_rows (project_id, customer_id, name, value, last_seen, count, trust, first_seen)
SELECT project_id, customer_id, name, value, last_seen, count, trust, first_seen FROM customer_trait;
DROP VIEW customer_trait;
DROP TABLE trait_set;
ALTER TABLE customer_trait_rows RENAME TO customer_trait;
CREATE INDEX customer_trait_customer ON customer_trait (customer_id);
`;

/** Keeps the traits of a customer in one row, not in one for each value. */
export class TraitSets1795530000000 implements MigrationInterface {
  readonly name = 'TraitSets1795530000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
