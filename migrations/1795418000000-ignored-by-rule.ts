import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* What each rule that ignores kept back, as issues that people ignore show it. */
const UP = `
CREATE TABLE ignored_by_rule (
  rule       text NOT NULL,
  project_id integer NOT NULL REFERENCES project,
  events     bigint NOT NULL,
  first_at   timestamptz NOT NULL,
  last_at    timestamptz NOT NULL,
  PRIMARY KEY (rule, project_id)
);
`;

const DOWN = `
DROP TABLE ignored_by_rule;
`;

/** A count of the events that each rule ignored. */
export class IgnoredByRule1795418000000 implements MigrationInterface {
  readonly name = 'IgnoredByRule1795418000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
