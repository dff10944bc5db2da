import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Adds what tells a resend from another event under the same id, and how much of what SDKs dropped was said with a public key. Rows written
 * before, or by the version before, have no mark: whatever has their id is a resend.
 */
const UP = `
ALTER TABLE event_seen ADD COLUMN mark bigint;
ALTER TABLE client_drop ADD COLUMN claimed bigint NOT NULL DEFAULT 0;
`;

const DOWN = `
ALTER TABLE client_drop DROP COLUMN claimed;
ALTER TABLE event_seen DROP COLUMN mark;
`;

/** Event ids that somebody else may have taken, and drops that anybody may have reported. */
export class Claims1795437000000 implements MigrationInterface {
  readonly name = 'Claims1795437000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
