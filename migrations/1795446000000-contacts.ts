import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Contacts of customers on any channel, one row a conversation, call or mail; and contacts that were given to a person. Both go with their
 * customer when they are erased.
 */
const UP = `
CREATE TABLE contact (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel     text NOT NULL,
  external_id text NOT NULL,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  project_id  integer REFERENCES project (id),
  incident_id bigint REFERENCES incident (id),
  matched_by  text CHECK (matched_by IN ('hit', 'atRisk', 'words', 'person')),
  score       real,
  text        text NOT NULL,
  locale      text,
  at          timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  reported_by text NOT NULL,
  UNIQUE (channel, external_id)
);
CREATE INDEX contact_customer ON contact (customer_id, at DESC);
CREATE INDEX contact_incident ON contact (incident_id, at);
CREATE INDEX contact_received ON contact (received_at);
CREATE TABLE hand_over (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id   uuid NOT NULL UNIQUE,
  contact_id   bigint REFERENCES contact (id) ON DELETE SET NULL,
  customer_id  bigint REFERENCES customer (id) ON DELETE CASCADE,
  incident_id  bigint REFERENCES incident (id),
  channel      text NOT NULL,
  reason       text NOT NULL CHECK (reason IN ('asked', 'notHelped', 'noAnswer', 'askedAgain', 'other')),
  text         text,
  locale       text,
  state        text NOT NULL CHECK (state IN ('open', 'taken', 'closed')),
  created_at   timestamptz NOT NULL,
  created_by   text NOT NULL,
  taken_at     timestamptz,
  taken_by     text,
  closed_at    timestamptz,
  closed_by    text,
  delivery     text NOT NULL CHECK (delivery IN ('none', 'pending', 'delivered')),
  attempts     integer NOT NULL DEFAULT 0,
  next_at      timestamptz NOT NULL,
  fence        bigint NOT NULL DEFAULT 0,
  lease_until  timestamptz,
  last_failure text,
  delivered_at timestamptz
);
CREATE INDEX hand_over_customer ON hand_over (customer_id, created_at DESC);
CREATE INDEX hand_over_contact ON hand_over (contact_id);
CREATE INDEX hand_over_state ON hand_over (state, id DESC);
CREATE INDEX hand_over_due ON hand_over (next_at) WHERE delivery = 'pending';
`;

const DOWN = `
DROP TABLE hand_over;
DROP TABLE contact;
`;

/** Contacts, and hand-overs of contacts to a person. */
export class Contacts1795446000000 implements MigrationInterface {
  readonly name = 'Contacts1795446000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
