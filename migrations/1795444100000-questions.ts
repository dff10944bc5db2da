import { type MigrationInterface, type QueryRunner } from 'typeorm';

const note = (body: string) => `
CREATE OR REPLACE FUNCTION note_answer_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
  now_at bigint;
BEGIN
  IF TG_TABLE_NAME = 'incident' THEN changed := NEW.id; ELSE changed := NEW.incident_id; END IF;
  UPDATE answer_version SET version = version + 1 RETURNING version INTO now_at;
  INSERT INTO answer_change (incident_id, version) VALUES (changed, now_at)
    ON CONFLICT (incident_id) DO UPDATE SET ${body};
  PERFORM pg_notify('forewarn_answers', '');
  RETURN NULL;
END
$$;
`;

/* Customers' own words are kept where an explanation answered them, without secrets and addresses, until retention takes them. */
const UP = `
ALTER TABLE answer_change ADD COLUMN retired boolean NOT NULL DEFAULT false;
${note('version = EXCLUDED.version, retired = false')}
CREATE TABLE bot_question (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id  bigint REFERENCES customer ON DELETE CASCADE,
  at           timestamptz NOT NULL,
  locale       text,
  text         text NOT NULL
);
CREATE INDEX bot_question_customer ON bot_question (customer_id);
CREATE INDEX bot_question_at ON bot_question (at);

CREATE TABLE bot_outcome (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  answer       text NOT NULL UNIQUE,
  incident_id  bigint NOT NULL REFERENCES incident,
  customer_id  bigint REFERENCES customer ON DELETE CASCADE,
  question_id  bigint REFERENCES bot_question ON DELETE CASCADE,
  outcome      text NOT NULL CHECK (outcome IN ('helped', 'not', 'handedOff')),
  reported_by  text NOT NULL,
  at           timestamptz NOT NULL,
  removed_by   text
);
CREATE INDEX bot_outcome_customer ON bot_outcome (customer_id);
CREATE INDEX bot_outcome_question ON bot_outcome (question_id);
CREATE INDEX bot_outcome_example ON bot_outcome (incident_id, id) WHERE outcome = 'helped' AND question_id IS NOT NULL;
CREATE CONSTRAINT TRIGGER bot_outcome_answers AFTER INSERT OR UPDATE ON bot_outcome
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.question_id IS NOT NULL) EXECUTE FUNCTION note_answer_change();
`;

const DOWN = `
DROP TABLE bot_outcome;
DROP TABLE bot_question;
${note('version = EXCLUDED.version')}
ALTER TABLE answer_change DROP COLUMN retired;
`;

/** Questions that bots asked, what came of the answers, and the end of what is told. */
export class Questions1795444100000 implements MigrationInterface {
  readonly name = 'Questions1795444100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
