import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Several policies for one incident: how far into its audience each has come, and approvals of each. */
export class PolicyCustomers1795460100000 implements MigrationInterface {
  readonly name = 'PolicyCustomers1795460100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE campaign_reach (
        incident_id bigint NOT NULL REFERENCES incident (id),
        policy text NOT NULL,
        audience text NOT NULL CHECK (audience IN ('affected', 'at_risk')),
        seq bigint NOT NULL,
        PRIMARY KEY (incident_id, policy, audience)
      );
      ALTER TABLE outreach_grant ADD COLUMN policy text NOT NULL DEFAULT '';
      ALTER TABLE outreach_grant DROP CONSTRAINT outreach_grant_pkey, ADD PRIMARY KEY (incident_id, claimed, policy);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM outreach_grant g USING outreach_grant o
        WHERE o.incident_id = g.incident_id AND o.claimed = g.claimed AND (o.up_to, o.policy) > (g.up_to, g.policy);
      ALTER TABLE outreach_grant DROP CONSTRAINT outreach_grant_pkey, ADD PRIMARY KEY (incident_id, claimed);
      ALTER TABLE outreach_grant DROP COLUMN policy;
      DROP TABLE campaign_reach;
    `);
  }
}
