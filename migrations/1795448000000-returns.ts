import { type MigrationInterface, type QueryRunner } from 'typeorm';

const kinds = (list: string) => `
ALTER TABLE campaign DROP CONSTRAINT campaign_kind_check, ADD CONSTRAINT campaign_kind_check CHECK (kind IN (${list}));
ALTER TABLE message DROP CONSTRAINT message_kind_check, ADD CONSTRAINT message_kind_check CHECK (kind IN (${list}));
`;

/** Word that a fault came back, to those who were told that it was fixed. */
export class Returns1795448000000 implements MigrationInterface {
  readonly name = 'Returns1795448000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds(`'notice', 'resolved', 'returned'`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM message WHERE kind = 'returned';
      DELETE FROM campaign WHERE kind = 'returned';
      ${kinds(`'notice', 'resolved'`)}`);
  }
}
