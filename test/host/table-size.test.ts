/**
 * The size of the kernel's table is one for the whole host: while its hash table is made anew, lookups of all namespaces may miss, and
 * lists have gaps.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeRoom } from '../../src/kernel/table-size.ts';
import { start } from '../cli/cli.ts';
import { kernelMissing, senderMissing } from '../kernel/live.ts';
import { leftOvers, tableSize } from '../support/host.ts';

it('what is enough stays; what is raised is put back', { skip: await kernelMissing() }, () => {
  const enough = makeRoom(1);
  assert.equal(enough.isRaised, false);
  const raised = makeRoom(enough.size.max + 1);
  try {
    assert.ok(raised.isRaised);
    assert.ok(raised.size.max > enough.size.max && raised.size.buckets > enough.size.max);
    assert.deepEqual(makeRoom(enough.size.max + 1).size, raised.size);
  } finally {
    raised.putBack();
  }
  assert.deepEqual(makeRoom(1).size, enough.size);
});

it('Ctrl-C ends contrast throughput after the step in hand: nothing is left', {
  skip: await senderMissing(),
}, async () => {
  const before = [leftOvers('flowshard-throughput-'), tableSize()];
  const { child, ended } = start(['contrast', 'throughput', '--connections', '300000', '--packets', '1000']);
  for (let tries = 0; tableSize()[0] === before[1][0] && tries < 500; tries++) await sleep(10);
  await sleep(500);
  child.kill('SIGINT');
  const { status, stdout, stderr } = await ended;
  assert.equal(status, 130, stderr);
  assert.equal(stdout, '');
  assert.deepEqual([leftOvers('flowshard-throughput-'), tableSize()], before);
});
