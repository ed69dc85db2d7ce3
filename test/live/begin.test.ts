/** Interfaces are open before they are read: in between the rights of root are given up. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLive } from '../../src/live/open-live.ts';
import { Counter } from '../../src/shm/counters.ts';
import { startPipeline } from '../../src/workers/pipeline.ts';
import { ethernet, udpPacket } from '../support/frames.ts';
import { addPair, enterOwnNetwork, openSender } from '../support/own-network.ts';
import { until } from '../support/until.ts';

it('packets wait until reading begins, and none is lost', { skip: enterOwnNetwork() }, async () => {
  addPair('out0', 'in0');
  const live = openLive({
    interfaces: ['in0'],
    ingests: 1,
    ringMb: 2,
    snaplen: 1000,
    promiscuous: true,
    filter: '',
    onDown: 'wait',
  });
  const pipeline = startPipeline({ files: [], live, shards: 1, service: true });
  try {
    const packets = (): number => pipeline.ingestCounters()[Counter.PACKETS];
    const sender = openSender('out0');
    const count = 25;
    const addresses = { src: '10.0.0.1', dst: '10.0.0.2' };
    for (let port = 1; port <= count; port++)
      sender.send(ethernet(udpPacket(addresses, { sport: port, dport: 9, payload: 1 })));
    sender.close();
    await pipeline.opened();
    await sleep(150);
    assert.equal(packets(), 0);
    pipeline.begin();
    await until(() => packets() === count, 'the packets');
    await until(() => pipeline.control?.count() === count, 'their connections');
    pipeline.stop();
    await pipeline.finished;
    assert.equal(pipeline.connections().length, count);
  } finally {
    await pipeline.close();
  }
});
