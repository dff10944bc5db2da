import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* Replies of customers to messages become contacts from now on; those of before do not. */
const UP = `
ALTER TABLE contact_feedback ADD COLUMN replies_up_to bigint NOT NULL DEFAULT 0;
UPDATE contact_feedback SET replies_up_to = (SELECT coalesce(max(id), 0) FROM reply);
`;

const DOWN = 'ALTER TABLE contact_feedback DROP COLUMN replies_up_to';

/** Replies as contacts. */
export class ContactReplies1795446200000 implements MigrationInterface {
  readonly name = 'ContactReplies1795446200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
