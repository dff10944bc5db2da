import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE release_session (
  project_id  integer NOT NULL,
  minute      timestamptz NOT NULL,
  release     text NOT NULL,
  environment text NOT NULL,
  started     bigint NOT NULL,
  exited      bigint NOT NULL,
  errored     bigint NOT NULL,
  crashed     bigint NOT NULL,
  abnormal    bigint NOT NULL,
  PRIMARY KEY (project_id, minute, release, environment)
);
CREATE TABLE project_minute (
  project_id       integer NOT NULL,
  minute           timestamptz NOT NULL,
  active_customers integer NOT NULL,
  PRIMARY KEY (project_id, minute)
);
CREATE TABLE customer_activity (
  project_id  integer NOT NULL,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  last_at     timestamptz NOT NULL,
  PRIMARY KEY (project_id, customer_id)
);
CREATE TABLE client_drop (
  project_id integer NOT NULL,
  minute     timestamptz NOT NULL,
  reason     text NOT NULL,
  category   text NOT NULL,
  of_errors  boolean NOT NULL,
  quantity   bigint NOT NULL,
  PRIMARY KEY (project_id, minute, reason, category)
);
CREATE TABLE user_feedback (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id     integer NOT NULL,
  feedback_id    uuid,
  about_event_id uuid,
  customer_id    bigint REFERENCES customer ON DELETE CASCADE,
  message        text NOT NULL,
  at             timestamptz NOT NULL,
  received_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX user_feedback_once ON user_feedback (project_id, coalesce(feedback_id, about_event_id)) WHERE coalesce(feedback_id, about_event_id) IS NOT NULL;
CREATE INDEX user_feedback_customer ON user_feedback (customer_id);
`;

/** Reports of SDKs beside events: sessions, what they dropped, and customers' own words. */
export class Telemetry1795395600000 implements MigrationInterface {
  readonly name = 'Telemetry1795395600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_feedback, client_drop, customer_activity, project_minute, release_session');
  }
}
