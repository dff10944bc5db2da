import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Beyond so many new issues in an hour, faults that nobody knows are counted in a catch-all: an issue of a project and level that is no
 * single fault.
 */
const UP = `
ALTER TABLE issue ADD catch_all boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX issue_catch_all ON issue (project_id, level) WHERE catch_all;
CREATE TABLE issue_opening (
  project_id integer PRIMARY KEY REFERENCES project,
  hour       timestamptz NOT NULL,
  opened     integer NOT NULL
);
`;

const DOWN = `
DROP TABLE issue_opening;
DROP INDEX issue_catch_all;
ALTER TABLE issue DROP catch_all;
`;

/** A cap on the issues that a project opens in an hour, and the issues that take what comes beyond. */
export class NewIssueCap1795416000000 implements MigrationInterface {
  readonly name = 'NewIssueCap1795416000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
