import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Reasons become codes: who paused a campaign stands in a column of its own, since a person may use the very words of a silence; facts that
 * the words of a reason need, and the note of a person, stand beside the code. The provider's own code of a refusal stands beside ours.
 */
const UP = `
ALTER TABLE campaign ADD COLUMN paused_by text CHECK (paused_by IN ('person', 'silence', 'provider'));
ALTER TABLE campaign ADD COLUMN state_facts jsonb NOT NULL DEFAULT '{}';
ALTER TABLE message ADD COLUMN provider_code text;
UPDATE campaign c SET paused_by = CASE
    WHEN state_reason LIKE 'the provider refuses our setup: %' THEN 'provider'
    WHEN state_reason = 'a silence holds it back' AND NOT EXISTS (SELECT FROM incident_timeline t WHERE t.incident_id = c.incident_id
      AND t.kind = 'campaign_paused' AND t.details ->> 'campaignId' = c.id::text AND t.details ->> 'reason' = c.state_reason) THEN 'silence'
    ELSE 'person' END
  WHERE state = 'paused';
UPDATE campaign SET
  state_facts = CASE
    WHEN state_reason ~ '^\\d+ customers are more than the blast limit of \\d+$' THEN jsonb_build_object(
      'customers', substring(state_reason from '^\\d+')::bigint, 'limit', substring(state_reason from '\\d+$')::bigint)
    WHEN state_reason ~ '^the provider refuses our setup: [a-z_]+$' THEN jsonb_build_object('because', substring(state_reason from '[a-z_]+$'))
    WHEN state_reason IN ('the policy asks for a person', 'automatic', 'approves itself unless somebody objects', 'nobody objected in time',
      'the incident ended first', 'every message is final', 'the silence ended') OR paused_by = 'silence' THEN '{}'
    ELSE jsonb_build_object('note', state_reason) END,
  state_reason = CASE
    WHEN state_reason ~ '^\\d+ customers are more than the blast limit of \\d+$' THEN 'over_blast_limit'
    WHEN state_reason ~ '^the provider refuses our setup: [a-z_]+$' THEN 'provider_refuses_setup'
    WHEN paused_by = 'silence' THEN 'silence_began'
    WHEN state_reason = 'the policy asks for a person' THEN 'policy_requires_person'
    WHEN state_reason = 'automatic' THEN 'automatic'
    WHEN state_reason = 'approves itself unless somebody objects' THEN 'approves_itself'
    WHEN state_reason = 'nobody objected in time' THEN 'nobody_objected'
    WHEN state_reason = 'the incident ended first' THEN 'incident_ended'
    WHEN state_reason = 'every message is final' THEN 'all_final'
    WHEN state_reason = 'the silence ended' THEN 'silence_ended'
    ELSE 'by_person' END;
UPDATE message SET
  provider_code = CASE WHEN state_reason ~ '^twilio \\d+$' THEN state_reason END,
  state_reason = CASE
    WHEN state_reason = 'the process ended while it was sending' THEN 'worker_lost'
    WHEN state_reason = 'the provider has it' THEN 'provider_has_it'
    WHEN state_reason = 'the provider never got it' THEN 'provider_never_got_it'
    WHEN state_reason = 'its link was opened' THEN 'link_opened'
    WHEN state_reason = 'it came back' THEN 'came_back'
    WHEN state_reason LIKE 'settled by %' THEN CASE state WHEN 'sent' THEN 'settled_sent' ELSE 'settled_not_sent' END
    WHEN state_reason ~ '^twilio' THEN 'refused'
    ELSE 'campaign_cancelled' END
  WHERE (state = 'cancelled' AND state_reason NOT IN ('erased', 'incident_gone', 'resolved')) OR state_reason LIKE '% %' OR state_reason = 'twilio';
`;

const DOWN = `
UPDATE campaign SET state_reason = CASE state_reason
  WHEN 'silence_began' THEN 'a silence holds it back'
  WHEN 'by_person' THEN coalesce(state_facts ->> 'note', state_reason)
  ELSE state_reason END;
ALTER TABLE message DROP COLUMN provider_code;
ALTER TABLE campaign DROP COLUMN state_facts;
ALTER TABLE campaign DROP COLUMN paused_by;
`;

/** Codes in place of words that programs had to compare. */
export class ReasonCodes1795431000000 implements MigrationInterface {
  readonly name = 'ReasonCodes1795431000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
