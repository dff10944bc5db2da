import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* People look customers up by the beginning of their name or of its last word; COLLATE "C" lets a range of the index answer that. */
const UP = `
CREATE INDEX customer_name ON customer ((lower(name)) COLLATE "C") WHERE name IS NOT NULL;
CREATE INDEX customer_last_name ON customer ((lower(substring(name from '\\S+$'))) COLLATE "C") WHERE name ~ '\\s';
`;

const DOWN = `
DROP INDEX customer_name;
DROP INDEX customer_last_name;
`;

/** Customers are found by name. */
export class CustomerNames1795433100000 implements MigrationInterface {
  readonly name = 'CustomerNames1795433100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
