import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* What detection has learnt, counts rolled up, and what an incident rests on: verdicts, alerts, silences. */
const UP = `
-- detection
DROP INDEX detection_new_once;
ALTER TABLE detection
  ADD series          text,
  ADD incident_id     bigint REFERENCES incident,
  ADD recovered_since timestamptz,
  ADD silenced_by     text,
  ADD silenced_until  timestamptz,
  ALTER issue_id DROP NOT NULL;
UPDATE detection d SET series = 'issue:' || issue_id,
  incident_id = (SELECT x.incident_id FROM incident_issue x WHERE x.issue_id = d.issue_id ORDER BY x.incident_id DESC LIMIT 1);
ALTER TABLE detection ALTER series SET NOT NULL;
CREATE INDEX detection_incident ON detection (incident_id);
CREATE INDEX detection_series ON detection (project_id, series, id DESC);
CREATE TABLE series_state (
  project_id integer NOT NULL REFERENCES project,
  series     text NOT NULL,
  version    integer NOT NULL,
  restless   boolean NOT NULL,
  abnormal   boolean NOT NULL,
  state      jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, series)
);
CREATE INDEX series_state_restless ON series_state (project_id) WHERE restless;
CREATE INDEX issue_minute_minute ON issue_minute (minute);
CREATE TABLE issue_hour (
  issue_id bigint NOT NULL,
  hour     timestamptz NOT NULL,
  events   bigint NOT NULL,
  arrivals bigint NOT NULL,
  PRIMARY KEY (issue_id, hour)
);
CREATE INDEX issue_hour_hour ON issue_hour (hour);
CREATE TABLE issue_day (
  issue_id bigint NOT NULL,
  day      timestamptz NOT NULL,
  events   bigint NOT NULL,
  arrivals bigint NOT NULL,
  PRIMARY KEY (issue_id, day)
);
CREATE INDEX issue_day_day ON issue_day (day);

-- What detection and incidents read of issues, whatever parts these are counted in.
CREATE VIEW series_issue AS
  SELECT id AS issue_id, project_id, status, level, service, opened_at AS since, regressed_at FROM issue WHERE root_id = id;
CREATE VIEW series_minute AS
  SELECT i.root_id AS issue_id, m.minute, sum(m.events) AS events, sum(m.customers) AS customers, sum(m.arrivals) AS arrivals
  FROM issue_minute m JOIN cell c ON c.id = m.cell_id JOIN issue i ON i.id = c.issue_id GROUP BY 1, 2;
CREATE VIEW series_hit AS
  SELECT i.root_id AS issue_id, coalesce(u.merged_into, u.id) AS customer_id, h.first_at, h.last_minute, c.blocking
  FROM issue_customer h JOIN cell c ON c.id = h.cell_id JOIN issue i ON i.id = c.issue_id JOIN customer u ON u.id = h.customer_id;
CREATE VIEW series_deploy AS SELECT project_id, first_seen AS at FROM app_release;

-- incidents
ALTER TABLE incident
  ADD reopened             integer NOT NULL DEFAULT 0,
  ADD previous_incident_id bigint REFERENCES incident,
  ADD merged_into          bigint REFERENCES incident,
  ADD concluded_at         timestamptz,
  ADD severity_by_ops      boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT incident_resolution_check,
  ADD CONSTRAINT incident_resolution_check CHECK (resolution IN ('ops', 'quiet', 'alerts', 'merged'));
CREATE INDEX incident_resolved ON incident (resolved_at) WHERE status = 'resolved';
CREATE INDEX incident_merged ON incident (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE incident_detached (
  incident_id bigint NOT NULL REFERENCES incident,
  issue_id    bigint NOT NULL REFERENCES issue,
  PRIMARY KEY (incident_id, issue_id)
);
CREATE TABLE incident_alert (
  group_key   text NOT NULL,
  fingerprint text NOT NULL,
  starts_at   timestamptz NOT NULL,
  status      text NOT NULL CHECK (status IN ('firing', 'resolved')),
  ends_at     timestamptz,
  labels      jsonb NOT NULL,
  annotations jsonb NOT NULL,
  url         text,
  project_id  integer REFERENCES project,
  incident_id bigint REFERENCES incident,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (group_key, fingerprint, starts_at)
);
CREATE INDEX incident_alert_incident ON incident_alert (incident_id);
CREATE INDEX incident_alert_firing ON incident_alert (received_at) WHERE status = 'firing';
CREATE TABLE alert_push (
  incident_id bigint PRIMARY KEY REFERENCES incident,
  labels      jsonb NOT NULL,
  pushed_at   timestamptz NOT NULL,
  ended       boolean NOT NULL DEFAULT false
);
CREATE TABLE silence (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id integer REFERENCES project,
  issue_id   bigint REFERENCES issue,
  service    text,
  area       text,
  from_at    timestamptz NOT NULL,
  until_at   timestamptz NOT NULL,
  reason     text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  ended_by   text,
  CHECK (from_at <= until_at)
);
CREATE INDEX silence_until ON silence (until_at);
CREATE TABLE silence_stop (
  silence  text NOT NULL,
  what     text NOT NULL CHECK (what IN ('incident', 'outreach', 'alert')),
  ref      text NOT NULL,
  words    text NOT NULL,
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL,
  PRIMARY KEY (silence, what, ref)
);
`;

const DOWN = `
DROP TABLE silence_stop, silence, alert_push, incident_alert, incident_detached;
UPDATE incident SET resolution = 'ops' WHERE resolution IN ('alerts', 'merged');
ALTER TABLE incident
  DROP reopened, DROP previous_incident_id, DROP merged_into, DROP concluded_at, DROP severity_by_ops,
  DROP CONSTRAINT incident_resolution_check,
  ADD CONSTRAINT incident_resolution_check CHECK (resolution IN ('ops', 'quiet'));
DROP INDEX incident_resolved;
DROP VIEW series_deploy, series_hit, series_minute, series_issue;
DROP TABLE issue_day, issue_hour, series_state;
DROP INDEX issue_minute_minute;
DELETE FROM detection d WHERE issue_id IS NULL OR kind = 'new' AND EXISTS (SELECT FROM detection e WHERE e.kind = 'new' AND e.issue_id = d.issue_id AND e.id < d.id);
DROP INDEX detection_series, detection_incident;
ALTER TABLE detection ALTER issue_id SET NOT NULL,
  DROP series, DROP incident_id, DROP recovered_since, DROP silenced_by, DROP silenced_until;
CREATE UNIQUE INDEX detection_new_once ON detection (issue_id) WHERE kind = 'new';
`;

/** Series states and roll-ups of detection; verdicts, alerts, merges and silences of incidents. */
export class Calling1795406400000 implements MigrationInterface {
  readonly name = 'Calling1795406400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
