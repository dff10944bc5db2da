import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* One device in a crash loop is one device, so what is watched counts it once an hour, beside how many sessions crashed. */
const UP = `
ALTER TABLE release_session ADD crashed_devices bigint NOT NULL DEFAULT 0;
UPDATE release_session SET crashed_devices = crashed WHERE crashed > 0;
`;

const DOWN = `
ALTER TABLE release_session DROP crashed_devices;
`;

/** Crashed sessions, those of one device once an hour. */
export class CrashedDevices1795420000000 implements MigrationInterface {
  readonly name = 'CrashedDevices1795420000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
