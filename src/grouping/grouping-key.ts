/** Key that groups an event, with the version that made it; unique within a project. */
export interface GroupingKey {
  readonly version: string;
  readonly key: string;
}
