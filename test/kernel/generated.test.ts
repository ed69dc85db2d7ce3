/** What `flowshard gen` generates gets the same verdicts of the running kernel and of the tracker. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flowshard, tempFile } from '../cli/cli.ts';
import { kernelMissing } from './live.ts';

const skip = await kernelMissing();
const CONNECTIONS =
  '--mix tcp=50,udp=20,icmp=10,sctp=10,gre=10 --ipv6 30% --connections 200 --lifetime 100ms --rate 50k';

/** What is generated, and whether all of it is tracked. */
const CAPTURES: readonly (readonly [name: string, options: string, isValid: boolean])[] = [
  ['connections', '--seed 11', true],
  ['segments that are late or come again', '--seed 12 --reorder 5% --retransmit 5%', true],
  [
    'losses, one-way connections, and attacks',
    '--seed 13 --loss 3% --one-way-share 20% --syn-flood 5k --udp-flood 5k --port-scan 5k',
    false,
  ],
];

describe('generated captures in the kernel', { skip }, () => {
  for (const [name, options, isValid] of CAPTURES)
    it(name, async () => {
      const file = tempFile('generated.pcap', '');
      const words = `gen -w ${file} --packets 20k -q ${CONNECTIONS} ${options}`;
      const made = await flowshard(words.split(' '));
      assert.equal(made.status, 0, made.stderr);
      const { status, stdout } = await flowshard(['contrast', 'verdicts', '-r', file, '--json']);
      const result = JSON.parse(stdout);
      assert.deepEqual(result.causes, []);
      assert.equal(result.unexplained, 0);
      assert.equal(status, 0);
      assert.deepEqual(result.counts.verdicts, { compared: 20_000, equal: 20_000 });
      const tracked = await flowshard(['track', '-r', file, '-p', 'none', '--stats', '--json', '-q']);
      const { verdicts, connections, invalid } = JSON.parse(tracked.stdout);
      const refused = Object.values<number>(invalid).reduce((sum, n) => sum + n, 0);
      assert.equal(refused === 0, isValid, JSON.stringify(invalid));
      if (isValid) assert.equal(verdicts.NEW, connections.created);
    });
});
