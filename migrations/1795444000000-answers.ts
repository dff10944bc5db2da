import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * One number grows with every committed change of what bots are told, in the order of the commits: the deferred triggers take its row last, so
 * no transaction waits for another lock while it holds this one. The change itself says which incident it was.
 */
const UP = `
ALTER TABLE explanation ADD COLUMN fixed text;

CREATE TABLE explanation_update (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id     bigint NOT NULL REFERENCES incident,
  at              timestamptz NOT NULL,
  author          text NOT NULL,
  texts           jsonb NOT NULL,
  next_update_at  timestamptz
);
CREATE INDEX explanation_update_incident ON explanation_update (incident_id, id);

CREATE TABLE answer_version (
  alone    boolean PRIMARY KEY DEFAULT true CHECK (alone),
  version  bigint NOT NULL,
  key      bytea NOT NULL
);
INSERT INTO answer_version (version, key) VALUES (0, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE TABLE answer_change (
  incident_id  bigint PRIMARY KEY REFERENCES incident,
  version      bigint NOT NULL
);
CREATE INDEX answer_change_version ON answer_change (version);
INSERT INTO answer_change (incident_id, version) SELECT id, 0 FROM incident;

CREATE FUNCTION note_answer_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
  now_at bigint;
BEGIN
  IF TG_TABLE_NAME = 'incident' THEN changed := NEW.id; ELSE changed := NEW.incident_id; END IF;
  UPDATE answer_version SET version = version + 1 RETURNING version INTO now_at;
  INSERT INTO answer_change (incident_id, version) VALUES (changed, now_at)
    ON CONFLICT (incident_id) DO UPDATE SET version = EXCLUDED.version;
  PERFORM pg_notify('forewarn_answers', '');
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER incident_answers AFTER INSERT OR UPDATE ON incident
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_answer_change();
CREATE CONSTRAINT TRIGGER explanation_answers AFTER INSERT ON explanation
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_answer_change();
CREATE CONSTRAINT TRIGGER explanation_update_answers AFTER INSERT ON explanation_update
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_answer_change();
`;

const DOWN = `
DROP TRIGGER incident_answers ON incident;
DROP TRIGGER explanation_answers ON explanation;
DROP TABLE explanation_update;
DROP FUNCTION note_answer_change();
DROP TABLE answer_change;
DROP TABLE answer_version;
ALTER TABLE explanation DROP COLUMN fixed;
`;

/** The version of what bots are told, updates of explanations, and words for the end. */
export class Answers1795444000000 implements MigrationInterface {
  readonly name = 'Answers1795444000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
