import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Counts what a release did beside what an issue did: the minute of a cell is told apart by release. Sums that no issue adds up to
 * (a release, crashed sessions, the share of active customers) are rolled up under the names of their series.
 */
const UP = `
ALTER TABLE issue_minute ADD release text NOT NULL DEFAULT '';
ALTER TABLE issue_minute DROP CONSTRAINT issue_minute_pkey, ADD PRIMARY KEY (cell_id, minute, release);
ALTER TABLE issue
  ADD ignored_at        timestamptz,
  ADD ignored_until     timestamptz,
  ADD ignored_customers integer,
  ADD ignored_events    bigint NOT NULL DEFAULT 0;
CREATE INDEX issue_ignored ON issue (id) WHERE status = 'ignored';
CREATE TABLE ignored_hit (
  issue_id    bigint NOT NULL REFERENCES issue,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  events      integer NOT NULL,
  first_at    timestamptz NOT NULL,
  last_at     timestamptz NOT NULL,
  PRIMARY KEY (issue_id, customer_id)
);
CREATE INDEX ignored_hit_customer ON ignored_hit (customer_id);
CREATE INDEX release_session_minute ON release_session (minute);
CREATE TABLE series_hour (
  project_id integer NOT NULL REFERENCES project,
  series     text NOT NULL,
  hour       timestamptz NOT NULL,
  seen       bigint NOT NULL,
  of_all     bigint NOT NULL,
  PRIMARY KEY (project_id, series, hour)
);
CREATE INDEX series_hour_hour ON series_hour (hour);
CREATE TABLE series_day (
  project_id integer NOT NULL REFERENCES project,
  series     text NOT NULL,
  day        timestamptz NOT NULL,
  seen       bigint NOT NULL,
  of_all     bigint NOT NULL,
  PRIMARY KEY (project_id, series, day)
);
CREATE INDEX series_day_day ON series_day (day);
CREATE VIEW series_release_minute AS
  SELECT i.root_id AS issue_id, m.release, m.minute, sum(m.events) AS events, sum(m.customers) AS customers, sum(m.arrivals) AS arrivals
  FROM issue_minute m JOIN cell c ON c.id = m.cell_id JOIN issue i ON i.id = c.issue_id GROUP BY 1, 2, 3;
DROP VIEW series_deploy;
CREATE VIEW series_deploy AS SELECT project_id, release, first_seen AS at FROM app_release;
CREATE VIEW series_origin AS
  SELECT i.root_id AS issue_id, min(c.area) AS area, (array_agg(c.first_release ORDER BY c.first_seen, c.id))[1] AS first_release
  FROM issue i JOIN cell c ON c.issue_id = i.id GROUP BY 1;
`;

const DOWN = `
DROP VIEW series_origin, series_deploy, series_release_minute;
CREATE VIEW series_deploy AS SELECT project_id, first_seen AS at FROM app_release;
DROP TABLE series_day, series_hour;
DROP INDEX release_session_minute;
DROP TABLE ignored_hit;
DROP INDEX issue_ignored;
ALTER TABLE issue DROP ignored_at, DROP ignored_until, DROP ignored_customers, DROP ignored_events;
CREATE TABLE issue_minute_of_all AS SELECT cell_id, minute, sum(events)::int AS events, sum(customers)::int AS customers, sum(arrivals)::int AS arrivals, bit_or(moments) AS moments FROM issue_minute GROUP BY 1, 2;
DELETE FROM issue_minute;
ALTER TABLE issue_minute DROP CONSTRAINT issue_minute_pkey, DROP release, ADD PRIMARY KEY (cell_id, minute);
INSERT INTO issue_minute (cell_id, minute, events, customers, arrivals, moments) SELECT cell_id, minute, events, customers, arrivals, moments FROM issue_minute_of_all;
DROP TABLE issue_minute_of_all;
`;

/** Counts by release, roll-ups of series that are no issue, and what ignoring an issue keeps back. */
export class Series1795414000000 implements MigrationInterface {
  readonly name = 'Series1795414000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
