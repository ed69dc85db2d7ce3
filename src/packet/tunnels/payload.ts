/** What a tunnel may carry, by EtherType: from the first inner byte to the inner IP header. */
import type { Reason } from '../../common/reasons.ts';
import { afterEtherType, afterPpp, EtherType, LinkType, locateIp } from '../link.ts';
import { PPP, TRANSPARENT_ETHERNET } from './tunnel.ts';

/** Types behind which an IP packet can be looked for. */
export function isPacketType(type: number): boolean {
  switch (type) {
    case EtherType.IPV4:
    case EtherType.IPV6:
    case TRANSPARENT_ETHERNET:
    case EtherType.MPLS:
    case EtherType.MPLS_MULTICAST:
    case PPP:
      return true;
    default:
      return false;
  }
}

/**
 * Finds the inner IP header.
 *
 * Shapes:  `link` is Int32Array(Link.WORDS); its VLAN is that of an inner Ethernet frame, and is left
 *          alone where the tunnel carries none
 * Returns: NONE, or why there is none
 */
export function locateInner(view: DataView, type: number, at: number, end: number, link: Int32Array): Reason {
  if (type === TRANSPARENT_ETHERNET) return locateIp(view, at, end, LinkType.ETHERNET, link);
  return type === PPP ? afterPpp(view, at, end, link) : afterEtherType(view, type, at, end, link);
}
