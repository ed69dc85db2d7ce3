/** Objects for the API, whose schemas know no null. */

/** Only the keys that have a value. */
export function present<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
