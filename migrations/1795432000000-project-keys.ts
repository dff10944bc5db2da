import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Keys of three kinds. `public_key` is kept as it is, since it is no secret; of a server key only the SHA-256 is; the secret of a signing key
 * must be readable, since an HMAC is checked with the secret itself. A project that left the configuration has no key that works.
 * Hashes of addresses are made with a salt that is kept for an hour.
 */
const UP = `
ALTER TABLE project ADD left_at timestamptz;
ALTER TABLE project_key DROP CONSTRAINT project_key_pkey;
ALTER TABLE project_key ALTER public_key DROP NOT NULL;
ALTER TABLE project_key
  ADD id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ADD kind        text NOT NULL DEFAULT 'public' CHECK (kind IN ('public', 'server', 'signing')),
  ADD name        text,
  ADD key_hash    bytea UNIQUE,
  ADD secret      text,
  ADD origins     text[] NOT NULL DEFAULT '{}',
  ADD limits      jsonb NOT NULL DEFAULT '{}',
  ADD CONSTRAINT project_key_public_key_key UNIQUE (public_key),
  ADD CONSTRAINT project_key_what CHECK (
    (kind = 'public' AND public_key IS NOT NULL AND key_hash IS NULL AND secret IS NULL) OR
    (kind = 'server' AND public_key IS NULL AND key_hash IS NOT NULL AND secret IS NULL) OR
    (kind = 'signing' AND public_key IS NULL AND key_hash IS NULL AND secret IS NOT NULL));
CREATE INDEX project_key_project ON project_key (project_id);
CREATE TABLE source_salt (
  hour timestamptz PRIMARY KEY,
  salt bytea NOT NULL
);
CREATE TABLE issue_budget (
  project_id integer NOT NULL REFERENCES project,
  kind       text NOT NULL CHECK (kind IN ('server', 'known', 'claimed')),
  spender    text NOT NULL,
  hour       timestamptz NOT NULL,
  opened     integer NOT NULL,
  PRIMARY KEY (project_id, kind, spender)
);
`;

const DOWN = `
DROP TABLE issue_budget;
DROP TABLE source_salt;
DELETE FROM project_key WHERE kind <> 'public';
DROP INDEX project_key_project;
ALTER TABLE project_key DROP CONSTRAINT project_key_what, DROP CONSTRAINT project_key_public_key_key, DROP CONSTRAINT project_key_pkey,
  DROP id, DROP kind, DROP name, DROP key_hash, DROP secret, DROP origins, DROP limits;
ALTER TABLE project_key ALTER public_key SET NOT NULL;
ALTER TABLE project_key ADD CONSTRAINT project_key_pkey PRIMARY KEY (public_key);
ALTER TABLE project DROP left_at;
`;

/** Keys of several kinds with limits of their own, and budgets for what a source may open. */
export class ProjectKeys1795432000000 implements MigrationInterface {
  readonly name = 'ProjectKeys1795432000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
