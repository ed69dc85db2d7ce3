/**
 * Frames that never got a tuple, and whether they would have belonged to the connection: as far as
 * their addresses and ports can be read, they are part of its story.
 */
import type { Tuple } from '../export/connection.ts';
import type { FrameFacts } from './frame-facts.ts';
import type { Dir } from './positions.ts';

export interface Neighbourhood {
  /** The direction that the frame would have in the connection; null when it is not one of it. */
  directionOf(facts: FrameFacts): Dir | null;
}

/** Datagrams of which a first fragment was seen; more than these are forgotten. */
const DATAGRAMS_MAX = 4096;

export function createNeighbourhood(protocol: number, original: Tuple): Neighbourhood {
  /** First fragments have the ports, later ones only the identification. */
  const datagrams = new Map<string, Dir>();

  function byAddresses({ ip }: FrameFacts): Dir | null {
    if (ip === null || ip.protocol !== protocol) return null;
    if (ip.src === original.src && ip.dst === original.dst) return 0;
    return ip.src === original.dst && ip.dst === original.src ? 1 : null;
  }

  function byPorts({ ports, icmp }: FrameFacts, there: Dir): Dir | null {
    if (original.id !== undefined) return icmp !== null && icmp.id === original.id ? there : null;
    const { sport, dport } = original;
    if (sport === undefined) return there;
    if (ports === null) return null;
    if (there === 0 && ports[0] === sport && ports[1] === dport) return 0;
    // With equal addresses only the ports tell the directions apart.
    const isBack = there === 1 || original.src === original.dst;
    return isBack && ports[0] === dport && ports[1] === sport ? 1 : null;
  }

  return {
    directionOf(facts) {
      const there = byAddresses(facts);
      if (there === null || facts.ip === null) return null;
      const { ip } = facts;
      const datagram = `${ip.src} ${ip.dst} ${ip.id}`;
      if (ip.fragmentOffset !== 0 && original.sport !== undefined) return datagrams.get(datagram) ?? null;
      const dir = byPorts(facts, there);
      if (dir !== null && ip.isFragment) {
        if (datagrams.size >= DATAGRAMS_MAX) datagrams.clear();
        datagrams.set(datagram, dir);
      }
      return dir;
    },
  };
}
