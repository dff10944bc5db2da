import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE incident
  ADD COLUMN first_message_at timestamptz;

UPDATE incident n
SET first_message_at = (SELECT min(m.sent_at) FROM message m WHERE m.incident_id = n.id);
`;

const DOWN = `
ALTER TABLE incident
  DROP COLUMN first_message_at;
`;

/** When a provider took the first message about an incident: with its start, how long customers waited to hear of it. */
export class FirstMessage1795470000000 implements MigrationInterface {
  readonly name = 'FirstMessage1795470000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
