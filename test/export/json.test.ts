import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndReason } from '../../src/export/connection.ts';
import { flowJson } from '../../src/export/flows.ts';
import { connectionJson, eventJson } from '../../src/export/json.ts';
import { connectionSchema, eventSchema, flowSchema, type JsonSchema } from '../../src/export/schemas.ts';
import { problems } from '../support/schema.ts';
import * as sample from './samples.ts';
import { counted, event, START_NS, tcp } from './samples.ts';

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
