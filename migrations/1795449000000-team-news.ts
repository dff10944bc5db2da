import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE team_news (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id  bigint NOT NULL REFERENCES incident,
  event        text NOT NULL CHECK (event IN ('opened', 'approvalWaiting', 'deliveryFailing', 'resolved')),
  subject      text NOT NULL,
  campaign_id  bigint REFERENCES campaign,
  place        text NOT NULL,
  state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'told', 'given_up')),
  attempts     integer NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL,
  next_at      timestamptz NOT NULL,
  told_at      timestamptz,
  UNIQUE (incident_id, event, subject, place)
);
CREATE INDEX team_news_waiting ON team_news (place, next_at) WHERE state = 'waiting';
`;

const DOWN = `
DROP TABLE team_news;
`;

/** News told to the places that the team reads, once each. */
export class TeamNews1795449000000 implements MigrationInterface {
  readonly name = 'TeamNews1795449000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
