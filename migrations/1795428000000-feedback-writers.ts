import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * Several people write about one error, and one may write again: what is the same feedback is said by writer and text, too. The text is
 * hashed, since it may be longer than an entry of an index.
 */
const UP = `
DROP INDEX user_feedback_once;
CREATE UNIQUE INDEX user_feedback_once ON user_feedback (project_id, coalesce(feedback_id, about_event_id), coalesce(customer_id, 0), hashtextextended(message, 0))
  WHERE coalesce(feedback_id, about_event_id) IS NOT NULL;
`;

const DOWN = `
DROP INDEX user_feedback_once;
DELETE FROM user_feedback f USING user_feedback earlier
  WHERE earlier.project_id = f.project_id AND coalesce(earlier.feedback_id, earlier.about_event_id) = coalesce(f.feedback_id, f.about_event_id) AND earlier.id < f.id;
CREATE UNIQUE INDEX user_feedback_once ON user_feedback (project_id, coalesce(feedback_id, about_event_id)) WHERE coalesce(feedback_id, about_event_id) IS NOT NULL;
`;

/** Feedback of several writers on one error. */
export class FeedbackWriters1795428000000 implements MigrationInterface {
  readonly name = 'FeedbackWriters1795428000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
