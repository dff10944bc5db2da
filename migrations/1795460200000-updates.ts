import { type MigrationInterface, type QueryRunner } from 'typeorm';

const kinds = (list: string) => `
ALTER TABLE campaign DROP CONSTRAINT campaign_kind_check, ADD CONSTRAINT campaign_kind_check CHECK (kind IN (${list}));
ALTER TABLE message DROP CONSTRAINT message_kind_check, ADD CONSTRAINT message_kind_check CHECK (kind IN (${list}));
`;

/** Word that we still work on it, to those who were told. */
export class Updates1795460200000 implements MigrationInterface {
  readonly name = 'Updates1795460200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds(`'notice', 'resolved', 'returned', 'update'`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM message WHERE kind = 'update';
      DELETE FROM campaign WHERE kind = 'update';
      ${kinds(`'notice', 'resolved', 'returned'`)}`);
  }
}
