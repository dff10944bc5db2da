import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Names are linked to a customer by way of a stranger who has the name and is merged into the customer: so whatever came under the name stays apart, and
 * a link is undone by ending the merge. identity_event says what was linked and unlinked, by whom and why; device_login who logged in where.
 */
const UP = `
CREATE TABLE identity_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id   bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  stranger_id   bigint NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('email', 'phone', 'username', 'device')),
  value         text NOT NULL,
  action        text NOT NULL CHECK (action IN ('linked', 'unlinked', 'refused')),
  cause         text NOT NULL CHECK (cause IN ('login', 'person', 'shared_device', 'too_many_devices')),
  actor         text NOT NULL,
  reason        text,
  at            timestamptz NOT NULL
);
CREATE INDEX identity_event_customer ON identity_event (customer_id, id);
CREATE INDEX identity_event_unlinked ON identity_event (at) WHERE action = 'unlinked';

CREATE TABLE device_login (
  directory_id  int NOT NULL REFERENCES directory,
  device        text NOT NULL,
  customer_id   bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
  last_at       timestamptz NOT NULL,
  PRIMARY KEY (directory_id, device, customer_id)
);
CREATE INDEX device_login_customer ON device_login (customer_id);
CREATE INDEX device_login_age ON device_login (last_at);
`;

const DOWN = 'DROP TABLE device_login, identity_event;';

/** Links between names and customers, with their history. */
export class IdentityLinks1795439100000 implements MigrationInterface {
  readonly name = 'IdentityLinks1795439100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
