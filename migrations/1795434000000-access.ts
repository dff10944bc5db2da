import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* Tokens for Alertmanager and for the list of customers alone, of one project, with an end; and a trail of every change and refusal. */
const UP = `
ALTER TABLE api_token DROP CONSTRAINT api_token_role_check;
ALTER TABLE api_token ADD CONSTRAINT api_token_role_check CHECK (role IN ('alerts', 'directory', 'bot', 'agent', 'ops', 'admin'));
ALTER TABLE api_token ADD COLUMN project_id bigint REFERENCES project;
ALTER TABLE api_token ADD COLUMN expires_at timestamptz;

CREATE TABLE audit_entry (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL,
  caller   text,
  role     text,
  method   text NOT NULL,
  route    text NOT NULL,
  params   jsonb NOT NULL,
  status   int NOT NULL,
  count    bigint NOT NULL,
  request  text NOT NULL
);
CREATE INDEX audit_entry_at ON audit_entry (at);
`;

const DOWN = `
DROP TABLE audit_entry;
DELETE FROM api_token WHERE role IN ('alerts', 'directory') OR project_id IS NOT NULL OR expires_at IS NOT NULL;
ALTER TABLE api_token DROP COLUMN expires_at;
ALTER TABLE api_token DROP COLUMN project_id;
ALTER TABLE api_token DROP CONSTRAINT api_token_role_check;
ALTER TABLE api_token ADD CONSTRAINT api_token_role_check CHECK (role IN ('bot', 'agent', 'ops', 'admin'));
`;

/** Narrower tokens and the audit trail. */
export class Access1795434000000 implements MigrationInterface {
  readonly name = 'Access1795434000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
