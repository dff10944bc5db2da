import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
DROP INDEX message_provider;

CREATE UNIQUE INDEX message_provider ON message (gateway, provider_id) WHERE provider_id IS NOT NULL;
`;

const DOWN = `
DROP INDEX message_provider;

CREATE UNIQUE INDEX message_provider ON message (gateway, provider_id);
`;

/** Messages that no provider has taken yet are left out of the index of what providers took: a million are planned at a time. */
export class ProviderIndex1795472000000 implements MigrationInterface {
  readonly name = 'ProviderIndex1795472000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
