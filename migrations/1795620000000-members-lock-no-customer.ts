import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE audience_member
  DROP CONSTRAINT audience_member_customer_id_fkey,
  DROP CONSTRAINT audience_member_incident_id_fkey;
ALTER TABLE at_risk_member
  DROP CONSTRAINT at_risk_member_customer_id_fkey,
  DROP CONSTRAINT at_risk_member_incident_id_fkey;

CREATE FUNCTION customer_leaves_audiences() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM audience_member WHERE customer_id = ANY (ARRAY(SELECT id FROM gone));
  DELETE FROM at_risk_member WHERE customer_id = ANY (ARRAY(SELECT id FROM gone));
  RETURN NULL;
END
$$;

CREATE TRIGGER customer_leaves_audiences AFTER DELETE ON customer REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION customer_leaves_audiences();
`;

const DOWN = `
DROP TRIGGER customer_leaves_audiences ON customer;
DROP FUNCTION customer_leaves_audiences();

DELETE FROM audience_member m WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = m.customer_id);
DELETE FROM at_risk_member m WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = m.customer_id);
ALTER TABLE audience_member
  ADD CONSTRAINT audience_member_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id) ON DELETE CASCADE,
  ADD CONSTRAINT audience_member_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incident(id);
ALTER TABLE at_risk_member
  ADD CONSTRAINT at_risk_member_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id) ON DELETE CASCADE,
  ADD CONSTRAINT at_risk_member_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incident(id);
`;

/**
 * Members of audiences go with their customer by a trigger: a foreign key locks the row of each customer whom a sweep adds, which writes every page
 * of them. Incidents are never deleted.
 */
export class MembersLockNoCustomer1795620000000 implements MigrationInterface {
  readonly name = 'MembersLockNoCustomer1795620000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
