/**
 * The GRE connections that PPTP foretold. They are tracked among the masters, since with the end of one
 * the keys of its control connection go, and the next packet may be one that they are for.
 *
 * Each key is put among the ports of the helpers, so that packets of these tunnels are told
 * apart by the test that every packet passes anyway.
 */
import { Status } from '../shm/bits.ts';
import { Expect, Hot } from '../shm/offsets.generated.ts';
import { addPort, hasPort, PORT_WORDS, portBit, removePort } from '../shm/port-bits.ts';
import type { GreKeys } from './gre-keys.ts';
import { STATE_WORDS } from './helpers/helper.ts';

/** Words of the state of a GRE connection, where others have their helper's: the control connection. */
enum Tunnel {
  MASTER = 0,
  MASTER_CREATED = 1,
}

export interface TunnelsOptions {
  /** Hot entries of the masters, and their words of state. */
  readonly hot: Int32Array;
  readonly state: Int32Array;
  /** The expectations. */
  readonly words: Int32Array;
  readonly greKeys: GreKeys;
  /** The ports that have helpers (port-bits.ts); those that are in it now stay. */
  readonly ports: Int32Array;
}

export interface Tunnels {
  /** A GRE connection was opened, by a packet that matched this expectation (0 for none). */
  opened(entry: number, expectation: number): void;
  ended(entry: number): void;
  /** Tunnels alive. */
  count(): number;
}

/** Thread: ingest. Cost: for a tunnel's beginning and end only. */
export function createTunnels({ hot, state, words, greKeys, ports }: TunnelsOptions): Tunnels {
  const lasting = ports.slice();
  /** Keys in use, by their place in the set. */
  const uses = new Int32Array(PORT_WORDS * 32);
  let count = 0;

  function use(key: number): void {
    uses[portBit(key)]++;
    addPort(ports, key);
  }

  function release(key: number): void {
    if (--uses[portBit(key)] === 0 && !hasPort(lasting, key)) removePort(ports, key);
  }

  return {
    opened(entry, expectation) {
      const h = entry * Hot.WORDS;
      const s = entry * STATE_WORDS;
      const e = expectation * Expect.WORDS;
      const isExpected = (hot[h + Hot.STATUS] & Status.EXPECTED) !== 0;
      state[s + Tunnel.MASTER] = isExpected ? words[e + Expect.MASTER] : 0;
      state[s + Tunnel.MASTER_CREATED] = isExpected ? words[e + Expect.MASTER_CREATED] : 0;
      count++;
      use(hot[h + Hot.L4] >>> 16);
      use(hot[h + Hot.L4] & 0xffff);
    },

    ended(entry) {
      const l4 = hot[entry * Hot.WORDS + Hot.L4];
      count--;
      release(l4 >>> 16);
      release(l4 & 0xffff);
      const master = state[entry * STATE_WORDS + Tunnel.MASTER];
      const created = state[entry * STATE_WORDS + Tunnel.MASTER_CREATED];
      if (master !== 0 && hot[master * Hot.WORDS + Hot.CREATED] === created) greKeys.removeOf(master);
    },

    count: () => count,
  };
}
