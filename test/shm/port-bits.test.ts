/** The set of ports may say "perhaps" too often, but never "no" for a port that is in it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addPort, hasPort, mayHavePort, PORT_WORDS, portBit, removePort } from '../../src/shm/port-bits.ts';

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

it('forgets a port, and with it those that have the same bit', () => {
  const set = new Int32Array(PORT_WORDS);
  for (const port of [1723, 1722, 0, 31, 65_535]) addPort(set, port);
  for (const port of [1723, 0, 65_535]) {
    removePort(set, port);
    assert.ok(!hasPort(set, port));
  }
  assert.ok(hasPort(set, 1722) && hasPort(set, 31));
  assert.equal(portBit(1723 + 4096), portBit(1723));
  addPort(set, 1723 + 4096);
  assert.ok(hasPort(set, 1723));
});
