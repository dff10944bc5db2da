import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Keeps what a customer who was erased may be called in texts that events brought, until those are looked through. `texts` are looked for anywhere,
 * `quoted` only as whole values. Ids of events that were seen are found by age, which a block index answers without a cost for each event.
 */
const UP = `
CREATE TABLE erased_trace (
  customer_id bigint PRIMARY KEY,
  texts       text[] NOT NULL,
  quoted      text[] NOT NULL
);
CREATE INDEX event_seen_at ON event_seen USING brin (seen_at);
`;

const DOWN = `
DROP INDEX event_seen_at;
DROP TABLE erased_trace;
`;

/** Erasure reaches what events said of a customer. */
export class Traces1795433200000 implements MigrationInterface {
  readonly name = 'Traces1795433200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
