import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* A silence that people make may come every week between its two ends, as a maintenance window of the configuration does. */
const UP = `
ALTER TABLE silence ADD weekly jsonb;
`;

const DOWN = `
ALTER TABLE silence DROP weekly;
`;

/** Silences that come every week. */
export class WeeklySilences1795422000000 implements MigrationInterface {
  readonly name = 'WeeklySilences1795422000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
