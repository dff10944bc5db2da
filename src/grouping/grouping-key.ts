/** What groups an event: the version that made the key, and the key, unique within a project. */
export interface GroupingKey {
  readonly version: string;
  readonly key: string;
}
