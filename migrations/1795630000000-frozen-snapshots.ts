import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** A wave knows from its start how far its snapshot of the audience reaches, also while its customers are planned. */
export class FrozenSnapshots1795630000000 implements MigrationInterface {
  readonly name = 'FrozenSnapshots1795630000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE campaign ADD COLUMN frozen_seq bigint NOT NULL DEFAULT 0, ADD COLUMN frozen_rest integer NOT NULL DEFAULT 0',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE campaign DROP COLUMN frozen_seq, DROP COLUMN frozen_rest');
  }
}
