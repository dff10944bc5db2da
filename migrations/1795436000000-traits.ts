import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* What customers use, learnt from what apps send; the newest 64 of a customer and project. */
const UP = `
CREATE TABLE customer_trait (
  project_id   int NOT NULL,
  customer_id  bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  name         text NOT NULL,
  value        text NOT NULL,
  last_seen    timestamptz NOT NULL,
  count        bigint NOT NULL,
  PRIMARY KEY (project_id, customer_id, name, value)
);
CREATE INDEX customer_trait_customer ON customer_trait (customer_id);
`;

const DOWN = 'DROP TABLE customer_trait;';

/** Traits of customers. */
export class Traits1795436000000 implements MigrationInterface {
  readonly name = 'Traits1795436000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
