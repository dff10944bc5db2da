import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Moves counts and descriptions apart. Every batch writes the rows of its cells again, so these hold counts only: the sketch
 * lies beside them, no index holds what a count changes, and there is room for the new row in the page of the old one, so that indexes stay as they are.
 */
const UP = `
CREATE TABLE cell_sketch (
  cell_id bigint PRIMARY KEY REFERENCES cell ON DELETE CASCADE,
  sketch  jsonb NOT NULL
);
INSERT INTO cell_sketch (cell_id, sketch) SELECT id, sketch FROM cell WHERE sketch IS NOT NULL;
ALTER TABLE cell DROP sketch;
DROP INDEX cell_changed;
ALTER TABLE cell SET (fillfactor = 50);
`;

const DOWN = `
ALTER TABLE cell RESET (fillfactor), ADD sketch jsonb;
CREATE INDEX cell_changed ON cell (changed_at);
UPDATE cell c SET sketch = s.sketch FROM cell_sketch s WHERE s.cell_id = c.id;
DROP TABLE cell_sketch;
`;

/** Sketches of cells in a table of their own. */
export class CellSketch1795424000000 implements MigrationInterface {
  readonly name = 'CellSketch1795424000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
