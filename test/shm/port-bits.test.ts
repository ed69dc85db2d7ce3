/** The set of ports may say "perhaps" too often, but never "no" for a port that is in it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addPort, mayHavePort, PORT_WORDS } from '../../src/shm/port-bits.ts';

it('knows every port that was added, in either half, and few others', () => {
  const set = new Int32Array(PORT_WORDS);
  const added = [21, 69, 5060, 6667, 10080, 31, 32, 65535];
  for (const port of added) addPort(set, port);
  for (const port of added) {
    for (const other of [0, 1, 40_000, 65_534]) {
      assert.equal(mayHavePort(set, (port << 16) | other), 1);
      assert.equal(mayHavePort(set, (other << 16) | port), 1);
    }
  }
  let wrong = 0;
  for (let port = 0; port < 65_536; port++)
    if (!added.includes(port) && mayHavePort(set, (port << 16) | 1) === 1) wrong++;
  assert.equal(wrong, added.length * 15, 'those with the same low 12 bits');
  assert.equal(mayHavePort(new Int32Array(PORT_WORDS), -1), 0);
});
