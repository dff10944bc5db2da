import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * The tables that digest writes for every event (event_seen, issue_minute, issue_customer, customer_identity, event_sample)
 * have no foreign keys: each would cost a look-up a row. What an erased customer leaves in them is removed by name.
 */
const UP = `
-- platform
CREATE TABLE api_token (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL UNIQUE,
  role         text NOT NULL CHECK (role IN ('bot', 'agent', 'ops', 'admin')),
  token_hash   bytea NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz
);

-- customers
CREATE TABLE customer (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text,
  locale      text,
  time_zone   text,
  attributes  jsonb NOT NULL DEFAULT '{}',
  source      text NOT NULL CHECK (source IN ('directory', 'telemetry')),
  merged_into bigint REFERENCES customer ON DELETE CASCADE,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);
CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE customer_identity (
  kind        text NOT NULL CHECK (kind IN ('id', 'email', 'phone', 'username', 'device')),
  value       text NOT NULL,
  customer_id bigint NOT NULL,
  PRIMARY KEY (kind, value)
);
CREATE INDEX customer_identity_customer ON customer_identity (customer_id);
CREATE TABLE customer_erased (customer_id bigint PRIMARY KEY);
CREATE TABLE contact_point (
  customer_id        bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  channel            text NOT NULL CHECK (channel IN ('sms', 'email')),
  address            text NOT NULL,
  suppressed_at      timestamptz,
  suppressed_reason  text,
  created_at         timestamptz NOT NULL,
  PRIMARY KEY (customer_id, channel)
);
CREATE TABLE consent_entry (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  channel     text NOT NULL CHECK (channel IN ('sms', 'email')),
  granted     boolean NOT NULL,
  source      text NOT NULL,
  at          timestamptz NOT NULL
);
CREATE INDEX consent_entry_latest ON consent_entry (customer_id, channel, id DESC);

-- intake
CREATE TABLE project (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug       text NOT NULL UNIQUE,
  name       text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE project_key (
  public_key text PRIMARY KEY CHECK (public_key ~ '^[0-9a-f]{32}$'),
  project_id integer NOT NULL REFERENCES project,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE TABLE event_seen (
  project_id integer NOT NULL,
  event_id   uuid NOT NULL,
  seen_at    timestamptz NOT NULL,
  PRIMARY KEY (project_id, event_id)
);
CREATE TABLE intake_outcome (
  project_id integer NOT NULL,
  minute     timestamptz NOT NULL,
  outcome    text NOT NULL,
  count      bigint NOT NULL,
  PRIMARY KEY (project_id, minute, outcome)
);

-- issues
CREATE TABLE issue (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id    integer NOT NULL REFERENCES project,
  status        text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'ignored')),
  kind          text NOT NULL CHECK (kind IN ('exception', 'message', 'custom')),
  title         text NOT NULL,
  culprit       text,
  level         text NOT NULL,
  blocking      boolean NOT NULL DEFAULT false,
  service       text,
  environment   text NOT NULL,
  first_release text,
  last_release  text,
  first_seen    timestamptz NOT NULL,
  last_seen     timestamptz NOT NULL,
  event_count   bigint NOT NULL DEFAULT 0,
  changed_at    timestamptz NOT NULL
);
CREATE INDEX issue_changed ON issue (changed_at);
CREATE INDEX issue_project_seen ON issue (project_id, last_seen DESC);
CREATE TABLE fingerprint (
  project_id integer NOT NULL REFERENCES project,
  key        text NOT NULL,
  version    text NOT NULL,
  issue_id   bigint NOT NULL REFERENCES issue,
  parts      jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, key)
);
CREATE INDEX fingerprint_issue ON fingerprint (issue_id);
CREATE TABLE issue_minute (
  issue_id      bigint NOT NULL,
  minute        timestamptz NOT NULL,
  events        integer NOT NULL,
  customers     integer NOT NULL,
  arrivals      integer NOT NULL,
  PRIMARY KEY (issue_id, minute)
);
CREATE TABLE issue_customer (
  issue_id      bigint NOT NULL,
  customer_id   bigint NOT NULL,
  first_at      timestamptz NOT NULL,
  last_at       timestamptz NOT NULL,
  events        integer NOT NULL,
  last_event_id uuid NOT NULL,
  last_minute   timestamptz NOT NULL,
  PRIMARY KEY (issue_id, customer_id)
);
CREATE INDEX issue_customer_customer ON issue_customer (customer_id);
CREATE TABLE template_state (
  project_id integer PRIMARY KEY REFERENCES project,
  version    text NOT NULL,
  revision   bigint NOT NULL,
  state      text NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE TABLE template_issue (
  project_id  integer NOT NULL REFERENCES project,
  template_id integer NOT NULL,
  issue_id    bigint NOT NULL REFERENCES issue,
  PRIMARY KEY (project_id, template_id)
);
CREATE TABLE event_sample (
  project_id  integer NOT NULL,
  event_id    uuid NOT NULL,
  issue_id    bigint NOT NULL,
  received_at timestamptz NOT NULL,
  payload     text NOT NULL,
  PRIMARY KEY (project_id, event_id)
);
CREATE INDEX event_sample_issue ON event_sample (issue_id, received_at DESC);

-- detection
CREATE TABLE detection (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id  integer NOT NULL REFERENCES project,
  issue_id    bigint NOT NULL REFERENCES issue,
  kind        text NOT NULL CHECK (kind IN ('new', 'spike', 'slow_burn', 'regression', 'drop', 'recovered')),
  since       timestamptz NOT NULL,
  detected_at timestamptz NOT NULL,
  evidence    jsonb NOT NULL,
  handled_at  timestamptz
);
CREATE UNIQUE INDEX detection_new_once ON detection (issue_id) WHERE kind = 'new';
CREATE INDEX detection_waiting ON detection (id) WHERE handled_at IS NULL;

-- incidents
CREATE TABLE incident (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id  integer NOT NULL REFERENCES project,
  status      text NOT NULL CHECK (status IN ('detected', 'acknowledged', 'mitigated', 'resolved')),
  severity    text NOT NULL CHECK (severity IN ('minor', 'major', 'critical')),
  title       text NOT NULL,
  area        text,
  started_at  timestamptz NOT NULL,
  opened_at   timestamptz NOT NULL,
  resolved_at timestamptz,
  resolution  text CHECK (resolution IN ('ops', 'quiet'))
);
CREATE INDEX incident_open ON incident (project_id) WHERE status <> 'resolved';
CREATE TABLE incident_issue (
  incident_id bigint NOT NULL REFERENCES incident,
  issue_id    bigint NOT NULL REFERENCES issue,
  attached_at timestamptz NOT NULL,
  reason      text NOT NULL,
  PRIMARY KEY (incident_id, issue_id)
);
CREATE INDEX incident_issue_issue ON incident_issue (issue_id);
CREATE TABLE incident_timeline (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id bigint NOT NULL REFERENCES incident,
  at          timestamptz NOT NULL,
  kind        text NOT NULL,
  actor       text NOT NULL,
  details     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_timeline_incident ON incident_timeline (incident_id, id);

-- audience
CREATE TABLE cohort (
  incident_id bigint PRIMARY KEY REFERENCES incident,
  swept_until timestamptz NOT NULL
);
CREATE TABLE audience_member (
  incident_id bigint NOT NULL REFERENCES incident,
  customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  kind        text NOT NULL CHECK (kind IN ('affected', 'at_risk')),
  evidence    jsonb NOT NULL,
  added_at    timestamptz NOT NULL,
  seq         bigint GENERATED BY DEFAULT AS IDENTITY,
  PRIMARY KEY (incident_id, customer_id)
);
CREATE INDEX audience_member_seq ON audience_member (incident_id, seq);
CREATE INDEX audience_member_customer ON audience_member (customer_id);

-- explanations
CREATE TABLE explanation (
  incident_id  bigint NOT NULL REFERENCES incident,
  locale       text NOT NULL,
  version      integer NOT NULL,
  review_state text NOT NULL CHECK (review_state IN ('draft', 'approved')),
  title        text NOT NULL,
  body         text NOT NULL,
  workaround   text,
  next_update  text,
  author       text NOT NULL,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (incident_id, locale, version)
);

-- outreach
CREATE TABLE campaign (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id   bigint NOT NULL REFERENCES incident,
  policy        text NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('notice', 'resolved')),
  wave          integer NOT NULL,
  state         text NOT NULL CHECK (state IN ('awaiting_approval', 'approved', 'paused', 'done', 'cancelled')),
  state_reason  text NOT NULL,
  audience_seq  bigint NOT NULL DEFAULT 0,
  approve_after timestamptz,
  approved_at   timestamptz,
  approved_by   text,
  created_at    timestamptz NOT NULL,
  UNIQUE (incident_id, policy, kind, wave)
);
CREATE TABLE message (
  id            uuid PRIMARY KEY,
  campaign_id   bigint NOT NULL REFERENCES campaign,
  incident_id   bigint NOT NULL REFERENCES incident,
  customer_id   bigint REFERENCES customer ON DELETE SET NULL,
  kind          text NOT NULL CHECK (kind IN ('notice', 'resolved')),
  channel       text CHECK (channel IN ('sms', 'email')),
  locale        text NOT NULL,
  why           text NOT NULL,
  link_token    text NOT NULL UNIQUE,
  state         text NOT NULL CHECK (state IN ('pending', 'claimed', 'sending', 'sent', 'delivered', 'failed', 'in_doubt', 'cancelled', 'suppressed')),
  state_reason  text,
  address       text,
  subject       text,
  body          text,
  gateway       text,
  provider_id   text,
  fence         bigint NOT NULL DEFAULT 0,
  lease_until   timestamptz,
  next_at       timestamptz NOT NULL,
  attempts      integer NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL,
  sent_at       timestamptz,
  final_at      timestamptz
);
CREATE UNIQUE INDEX message_told_once ON message (incident_id, customer_id, kind);
CREATE INDEX message_due ON message (next_at) WHERE state = 'pending';
CREATE INDEX message_leased ON message (lease_until) WHERE state IN ('claimed', 'sending');
CREATE INDEX message_doubt ON message (next_at) WHERE state = 'in_doubt';
CREATE INDEX message_campaign ON message (campaign_id, state);
CREATE INDEX message_customer ON message (customer_id, created_at DESC);
CREATE UNIQUE INDEX message_provider ON message (gateway, provider_id);

-- delivery
CREATE TABLE attempt (
  id          uuid PRIMARY KEY,
  message_id  uuid NOT NULL REFERENCES message,
  fence       bigint NOT NULL,
  gateway     text NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz,
  result      text CHECK (result IN ('sent', 'retry', 'rejected', 'in_doubt', 'not_sent')),
  reason      text,
  provider_id text
);
CREATE INDEX attempt_message ON attempt (message_id, started_at);
CREATE TABLE outbox_mail (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id  uuid NOT NULL UNIQUE,
  channel     text NOT NULL,
  address     text NOT NULL,
  subject     text,
  body        text NOT NULL,
  at          timestamptz NOT NULL
);
`;

const TABLES = [
  'outbox_mail',
  'attempt',
  'message',
  'campaign',
  'explanation',
  'audience_member',
  'cohort',
  'incident_timeline',
  'incident_issue',
  'incident',
  'detection',
  'event_sample',
  'template_issue',
  'template_state',
  'issue_customer',
  'issue_minute',
  'fingerprint',
  'issue',
  'intake_outcome',
  'event_seen',
  'project_key',
  'project',
  'consent_entry',
  'contact_point',
  'customer_erased',
  'customer_identity',
  'customer',
  'api_token',
];

/** The tables of the whole path of an event, from project key to attempt. */
export class Foundation1795392000000 implements MigrationInterface {
  readonly name = 'Foundation1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${TABLES.join(', ')}`);
  }
}
