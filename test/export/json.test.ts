import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndReason } from '../../src/export/connection.ts';
import { flowJson } from '../../src/export/flows.ts';
import { connectionJson, eventJson } from '../../src/export/json.ts';
import { connectionSchema, eventSchema, flowSchema, type JsonSchema } from '../../src/export/schemas.ts';
import * as sample from './samples.ts';
import { counted, event, START_NS, tcp } from './samples.ts';

/** What is wrong with a value under a schema; the keywords of draft 2020-12 that our schemas use. */
function problems(value: unknown, schema: JsonSchema, at = '$'): string[] {
  const found: string[] = [];
  if (schema.const !== undefined && value !== schema.const) found.push(`${at}: not ${schema.const}`);
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value))
    found.push(`${at}: not in the list`);
  if (schema.type !== undefined && ![schema.type].flat().includes(typeOf(value, schema.type))) {
    found.push(`${at}: not ${schema.type}`);
  }
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum) found.push(`${at}: below ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum) found.push(`${at}: above ${schema.maximum}`);
  }
  const { items } = schema;
  if (Array.isArray(value) && items !== undefined) {
    found.push(...value.flatMap((item, i) => problems(item, items, `${at}[${i}]`)));
  } else if (typeof value === 'object' && value !== null) {
    found.push(...objectProblems(value, schema, at));
  }
  return found;
}

function objectProblems(value: object, schema: JsonSchema, at: string): string[] {
  const found: string[] = [];
  const entries = new Map(Object.entries(value));
  const properties = schema.properties ?? {};
  for (const key of schema.required ?? []) if (!entries.has(key)) found.push(`${at}: no ${key}`);
  for (const [key, others] of Object.entries(schema.dependentRequired ?? {})) {
    if (entries.has(key))
      for (const other of others) if (!entries.has(other)) found.push(`${at}: ${key} without ${other}`);
  }
  for (const [key, item] of entries) {
    if (key in properties) found.push(...problems(item, properties[key], `${at}.${key}`));
    else if (schema.additionalProperties === false) found.push(`${at}: ${key} is not known`);
  }
  return found;
}

function typeOf(value: unknown, wanted: JsonSchema['type']): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'number') return typeof value;
  return [wanted].flat().includes('integer') && Number.isInteger(value) ? 'integer' : 'number';
}

const REASONS: readonly EndReason[] = ['timeout', 'reset', 'reopened', 'evicted', 'end of capture'];

/** Alive and ended, with and without counters. */
const connections = sample.all.flatMap((c) => [
  c,
  { ...counted(c, [1, 2], [0, 0]), zone: 65535, mark: 0xffffffff },
  ...REASONS.map((reason) => ({ ...c, end: { atNs: START_NS + 1n, reason } })),
]);

describe('JSON', () => {
  it('of a connection is valid, on one line, and has its values', () => {
    for (const c of connections) {
      const line = connectionJson(c);
      assert.doesNotMatch(line, /\n/);
      const back = JSON.parse(line);
      assert.deepEqual(problems(back, connectionSchema), []);
      // How many connections are foretold is for the use count only.
      const { startNs, lastNs, end, expected: _, ...rest } = c;
      const { record, statusNames, startNs: start, lastNs: last, end: ended, ...restBack } = back;
      assert.equal(record, 'connection');
      assert.deepEqual(restBack, rest);
      assert.deepEqual([start, last], [Number(startNs), Number(lastNs)]);
      assert.deepEqual(ended, end === null ? null : { atNs: Number(end.atNs), reason: end.reason });
      assert.ok(Array.isArray(statusNames));
    }
  });

  it('of an event is valid and holds the connection', () => {
    for (const c of connections)
      for (const type of ['NEW', 'UPDATE', 'DESTROY'] as const) {
        const back = JSON.parse(eventJson(event(type, c)));
        assert.deepEqual(problems(back, eventSchema), []);
        assert.equal(back.type, type);
        assert.deepEqual({ record: 'connection', ...back.connection }, JSON.parse(connectionJson(c)));
      }
  });

  it('of a flow record is valid', () => {
    for (const c of connections) {
      const back = JSON.parse(flowJson(c));
      assert.deepEqual(problems(back, flowSchema), []);
      assert.equal(back.endReason, c.end === null ? null : c.end.reason);
    }
  });

  it('has all digits of the nanoseconds, as numbers', () => {
    const ns = 1_795_309_426_399_572_364n;
    const c = { ...tcp, startNs: ns, lastNs: ns + 1n, end: { atNs: ns + 2n, reason: 'reset' } } as const;
    const times = '"startNs":1795309426399572364,"lastNs":1795309426399572365';
    assert.ok(connectionJson(c).endsWith(`${times},"end":{"atNs":1795309426399572366,"reason":"reset"}}`));
    assert.ok(eventJson({ ...event('NEW', c), atNs: ns }).includes('"atNs":1795309426399572364,'));
    assert.ok(flowJson(c).includes(`${times},"endNs":1795309426399572366,"durationS":0.000000001,`));
  });

  it('has the keys in the order of the schema', () => {
    const pairs: readonly (readonly [string, JsonSchema])[] = [
      [connectionJson(tcp), connectionSchema],
      [eventJson(event('NEW', tcp)), eventSchema],
      [flowJson(tcp), flowSchema],
    ];
    for (const [line, schema] of pairs) {
      const keys = Object.keys(schema.properties ?? {});
      assert.deepEqual(
        Object.keys(JSON.parse(line)),
        keys.filter((key) => schema.required?.includes(key)),
      );
    }
    assert.deepEqual(
      Object.keys(JSON.parse(connectionJson(sample.gre))),
      Object.keys(connectionSchema.properties ?? {}),
    );
  });

  it('is judged: what is wrong is found', () => {
    const good = JSON.parse(connectionJson(tcp));
    const { mark: _mark, ...without } = good;
    const wrong: unknown[] = [
      without,
      { ...good, more: 1 },
      { ...good, id: '1' },
      { ...good, id: 2 ** 32 },
      { ...good, timeoutS: 1.5 },
      { ...good, state: 3 },
      { ...good, family: 'ipx' },
      { ...good, record: 'flow' },
      { ...good, statusNames: [1] },
      { ...good, end: { atNs: 1 } },
      { ...good, reply: { src: 'a', dst: 'b', sport: 1 } },
      { ...good, original: { ...good.original, dport: -1 } },
      null,
    ];
    for (const value of wrong)
      assert.notDeepEqual(problems(value, connectionSchema), [], JSON.stringify(value));
  });

  it('of a text with odd characters is still JSON', () => {
    const state = '"\\\n\u2028';
    assert.equal(JSON.parse(connectionJson({ ...tcp, state })).state, state);
  });
});
