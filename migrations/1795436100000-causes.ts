import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* What the affected of an incident share, who is at risk because of it, and what was said of them at the time. */
const UP = `
CREATE TABLE incident_cause (
  incident_id  bigint PRIMARY KEY REFERENCES incident,
  computed_at  timestamptz NOT NULL,
  affected     int NOT NULL,
  causes       jsonb NOT NULL,
  at_risk      jsonb,
  offered_at   timestamptz,
  others       int
);
CREATE TABLE at_risk_member (
  incident_id  bigint NOT NULL REFERENCES incident,
  customer_id  bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  since        timestamptz NOT NULL,
  expected     real NOT NULL,
  left_at      timestamptz,
  PRIMARY KEY (incident_id, customer_id)
);
CREATE INDEX at_risk_member_customer ON at_risk_member (customer_id);
`;

const DOWN = 'DROP TABLE at_risk_member; DROP TABLE incident_cause;';

/** Causes of incidents and who is at risk. */
export class Causes1795436100000 implements MigrationInterface {
  readonly name = 'Causes1795436100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
