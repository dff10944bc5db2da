import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
-- The one row that tells this installation from others on the same message log.
CREATE TABLE installation (
  id    uuid NOT NULL,
  alone boolean PRIMARY KEY DEFAULT true CHECK (alone)
);
INSERT INTO installation (id) VALUES (gen_random_uuid());

-- Events that digest cannot take for a reason of their own, until somebody replays them. project_id 0: unreadable.
CREATE TABLE poison_event (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key          text NOT NULL UNIQUE,
  project_id   integer NOT NULL,
  event_id     text,
  reason       text NOT NULL,
  attempts     integer NOT NULL DEFAULT 1,
  body         bytea NOT NULL,
  set_aside_at timestamptz NOT NULL
);
`;

const DOWN = `
DROP TABLE poison_event;
DROP TABLE installation;
`;

/** Which installation this is, and the events that were set aside. */
export class Cluster1795399200000 implements MigrationInterface {
  readonly name = 'Cluster1795399200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
