/** Records as JSON, one object to a line. Times are numbers with all digits of the nanoseconds. */
import type { AnyOutput } from './story.ts';

/** JSON.stringify would refuse big integers. */
function toJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${toJson(each)}`);
  return `{${members.join(',')}}`;
}

/** Without line feed. */
export const outputJson = (record: AnyOutput): string => toJson(record);
