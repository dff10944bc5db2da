import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Ids of customers are apart by directory. Before, all projects shared one list, and nothing says whose an entry is: entries of the directory go
 * to the first project's, strangers to that of the first project whose events told of them.
 *
 * A customer who had several external ids was merged from several people, and nobody can say whose the address is: each further id becomes
 * a customer of its own, and nobody is written to under any of them until the directory gives an address anew.
 *
 * No foreign keys on directory_id: an import of a million customers would check each of them.
 */
const UP = `
CREATE TABLE directory (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO directory (name) SELECT slug FROM project ORDER BY id;
INSERT INTO directory (name) SELECT 'main' WHERE NOT EXISTS (SELECT FROM directory) AND EXISTS (SELECT FROM customer);
ALTER TABLE project ADD COLUMN directory_id integer REFERENCES directory;
UPDATE project p SET directory_id = d.id FROM directory d WHERE d.name = p.slug;
ALTER TABLE project ALTER COLUMN directory_id SET NOT NULL;

ALTER TABLE customer ADD COLUMN directory_id integer;
UPDATE customer SET directory_id = (SELECT min(id) FROM directory);
UPDATE customer c SET directory_id = p.directory_id
  FROM (SELECT customer_id, min(project_id) AS project_id FROM (
      SELECT h.customer_id, i.project_id FROM issue_customer h JOIN cell l ON l.id = h.cell_id JOIN issue i ON i.id = l.issue_id
      UNION SELECT h.customer_id, i.project_id FROM ignored_hit h JOIN issue i ON i.id = h.issue_id
      UNION SELECT customer_id, project_id FROM user_feedback WHERE customer_id IS NOT NULL) x GROUP BY 1) told
  JOIN project p ON p.id = told.project_id WHERE told.customer_id = c.id AND c.source = 'telemetry' AND c.merged_into IS NULL;
UPDATE customer c SET directory_id = m.directory_id FROM customer m WHERE m.id = c.merged_into;
ALTER TABLE customer ALTER COLUMN directory_id SET NOT NULL;

ALTER TABLE customer_identity ADD COLUMN directory_id integer;
UPDATE customer_identity i SET directory_id = c.directory_id FROM customer c WHERE c.id = i.customer_id;
DELETE FROM customer_identity WHERE directory_id IS NULL;
ALTER TABLE customer_identity DROP CONSTRAINT customer_identity_pkey, ALTER COLUMN directory_id SET NOT NULL, ADD PRIMARY KEY (directory_id, kind, value);

CREATE TEMPORARY TABLE joined ON COMMIT DROP AS
  SELECT i.customer_id, i.directory_id, i.value, nextval(pg_get_serial_sequence('customer', 'id')) AS own_id, now() AS at
  FROM customer_identity i WHERE i.kind = 'id' AND i.value > (SELECT min(value) FROM customer_identity o WHERE o.customer_id = i.customer_id AND o.kind = 'id');
INSERT INTO customer (id, directory_id, source, created_at, updated_at) OVERRIDING SYSTEM VALUE SELECT own_id, directory_id, 'telemetry', at, at FROM joined;
UPDATE customer_identity i SET customer_id = j.own_id FROM joined j WHERE i.directory_id = j.directory_id AND i.kind = 'id' AND i.value = j.value;
DELETE FROM contact_point WHERE customer_id IN (SELECT customer_id FROM joined);
DELETE FROM customer_identity WHERE kind <> 'id' AND customer_id IN (SELECT customer_id FROM joined);
CREATE UNIQUE INDEX customer_identity_one_id ON customer_identity (customer_id) WHERE kind = 'id';
`;

const DOWN = `
DROP INDEX customer_identity_one_id;
DELETE FROM customer_identity i USING customer_identity earlier WHERE earlier.kind = i.kind AND earlier.value = i.value AND earlier.directory_id < i.directory_id;
ALTER TABLE customer_identity DROP CONSTRAINT customer_identity_pkey, DROP COLUMN directory_id, ADD PRIMARY KEY (kind, value);
ALTER TABLE customer DROP COLUMN directory_id;
ALTER TABLE project DROP COLUMN directory_id;
DROP TABLE directory;
`;

/** Directories: lists of customers, each with ids of its own; a customer has one external id. */
export class Directories1795433000000 implements MigrationInterface {
  readonly name = 'Directories1795433000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
