import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * A signal of our own, SQLSTATE FW001: a batch of digest relied on what its process remembered, and another process has changed it since.
 * The transaction rolls back and the batch goes step by step. In the server's log it stands under its own code and words, so that it
 * does not hide a division by zero, which is a real fault.
 */
const UP = `
CREATE FUNCTION require_unchanged(holds boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF holds IS NOT TRUE THEN
    RAISE EXCEPTION 'forewarn: what a process remembered has changed, it reads it again (no fault)' USING ERRCODE = 'FW001';
  END IF;
END
$$;
`;

const DOWN = `
DROP FUNCTION require_unchanged(boolean);
`;

/** The function by which a statement says that what was remembered no longer holds. */
export class RequireUnchanged1795430000000 implements MigrationInterface {
  readonly name = 'RequireUnchanged1795430000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
