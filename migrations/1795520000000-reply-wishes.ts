import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE reply
  DROP CONSTRAINT reply_wish_check,
  ADD CONSTRAINT reply_wish_check CHECK (wish IN ('stop', 'stopThis', 'start', 'help', 'needsHelp', 'fixed', 'unclear', 'none'));
`;

const DOWN = `
UPDATE reply SET wish = 'none' WHERE wish IN ('needsHelp', 'fixed', 'unclear');
ALTER TABLE reply
  DROP CONSTRAINT reply_wish_check,
  ADD CONSTRAINT reply_wish_check CHECK (wish IN ('stop', 'stopThis', 'start', 'help', 'none'));
`;

/** Replies that ask for help, say that it works again, or may wish no more messages. */
export class ReplyWishes1795520000000 implements MigrationInterface {
  readonly name = 'ReplyWishes1795520000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
