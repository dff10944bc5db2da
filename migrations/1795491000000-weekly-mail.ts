import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE weekly_mail (
  week      date NOT NULL,
  place     text NOT NULL,
  state     text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'told')),
  attempts  integer NOT NULL DEFAULT 1,
  next_at   timestamptz NOT NULL,
  told_at   timestamptz,
  PRIMARY KEY (week, place)
);
`;

const DOWN = `
DROP TABLE weekly_mail;
`;

/** Mails to the team about what hurt customers most in a week, once each. */
export class WeeklyMail1795491000000 implements MigrationInterface {
  readonly name = 'WeeklyMail1795491000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
