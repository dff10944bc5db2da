import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Contacts in the same words that fit no incident are a fault of their own, called as a detection of the kind contacts. Feedback of app users
 * becomes contacts from now on; that of before does not.
 */
const UP = `
ALTER TABLE contact ADD COLUMN fault text;
CREATE INDEX contact_fault ON contact (fault) WHERE fault IS NOT NULL;
CREATE INDEX contact_unmatched ON contact (at) WHERE incident_id IS NULL;
CREATE TABLE contact_feedback (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  up_to bigint NOT NULL
);
INSERT INTO contact_feedback (up_to) SELECT coalesce(max(id), 0) FROM user_feedback;
ALTER TABLE detection DROP CONSTRAINT detection_kind_check;
ALTER TABLE detection ADD CONSTRAINT detection_kind_check
  CHECK (kind IN ('new', 'spike', 'slow_burn', 'regression', 'drop', 'recovered', 'contacts'));
`;

const DOWN = `
UPDATE detection SET kind = 'spike' WHERE kind = 'contacts';
ALTER TABLE detection DROP CONSTRAINT detection_kind_check;
ALTER TABLE detection ADD CONSTRAINT detection_kind_check
  CHECK (kind IN ('new', 'spike', 'slow_burn', 'regression', 'drop', 'recovered'));
DROP TABLE contact_feedback;
DROP INDEX contact_unmatched;
ALTER TABLE contact DROP COLUMN fault;
`;

/** Faults that contacts alone show, and feedback of app users as contacts. */
export class ContactFaults1795446100000 implements MigrationInterface {
  readonly name = 'ContactFaults1795446100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
