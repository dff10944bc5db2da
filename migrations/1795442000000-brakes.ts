import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Brakes: one switch holds all sending; an approved campaign waits some seconds in which the approval can be taken back. What the built-in outbox
 * shows is no message sent once a provider was used, so the use of one is remembered. An approval holds for the later waves of its incident up
 * to a number of customers, and may need two people.
 */
const UP = `
CREATE TABLE outreach_switch (
  one        boolean PRIMARY KEY DEFAULT true CHECK (one),
  sending    text NOT NULL CHECK (sending IN ('live', 'held')),
  reason     text,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL
);
INSERT INTO outreach_switch (sending, changed_by, changed_at) VALUES ('live', 'forewarn', now());
CREATE TABLE provider_use (
  gateway text PRIMARY KEY,
  since   timestamptz NOT NULL
);
CREATE TABLE outreach_grant (
  incident_id bigint NOT NULL REFERENCES incident (id),
  claimed     boolean NOT NULL,
  up_to       bigint NOT NULL,
  granted_by  text NOT NULL,
  granted_at  timestamptz NOT NULL,
  PRIMARY KEY (incident_id, claimed)
);
ALTER TABLE campaign ADD COLUMN send_after timestamptz;
ALTER TABLE campaign ADD COLUMN asked_at timestamptz;
ALTER TABLE campaign ADD COLUMN asked integer NOT NULL DEFAULT 1;
ALTER TABLE campaign ADD COLUMN first_approved_by text;
ALTER TABLE campaign ADD COLUMN first_version text;
ALTER TABLE message DROP CONSTRAINT message_state_check;
ALTER TABLE message ADD CONSTRAINT message_state_check
  CHECK (state IN ('pending', 'claimed', 'sending', 'sent', 'shown', 'delivered', 'failed', 'in_doubt', 'cancelled', 'suppressed'));
ALTER TABLE attempt DROP CONSTRAINT attempt_result_check;
ALTER TABLE attempt ADD CONSTRAINT attempt_result_check CHECK (result IN ('sent', 'shown', 'retry', 'rejected', 'in_doubt', 'not_sent'));
`;

const DOWN = `
UPDATE attempt SET result = 'sent' WHERE result = 'shown';
ALTER TABLE attempt DROP CONSTRAINT attempt_result_check;
ALTER TABLE attempt ADD CONSTRAINT attempt_result_check CHECK (result IN ('sent', 'retry', 'rejected', 'in_doubt', 'not_sent'));
UPDATE message SET state = 'cancelled' WHERE state = 'shown';
ALTER TABLE message DROP CONSTRAINT message_state_check;
ALTER TABLE message ADD CONSTRAINT message_state_check
  CHECK (state IN ('pending', 'claimed', 'sending', 'sent', 'delivered', 'failed', 'in_doubt', 'cancelled', 'suppressed'));
ALTER TABLE campaign DROP COLUMN first_version;
ALTER TABLE campaign DROP COLUMN first_approved_by;
ALTER TABLE campaign DROP COLUMN asked;
ALTER TABLE campaign DROP COLUMN asked_at;
ALTER TABLE campaign DROP COLUMN send_after;
DROP TABLE outreach_grant;
DROP TABLE provider_use;
DROP TABLE outreach_switch;
`;

/** The kill switch, the undo window, approvals that hold for an incident, and messages that were only shown. */
export class Brakes1795442000000 implements MigrationInterface {
  readonly name = 'Brakes1795442000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
