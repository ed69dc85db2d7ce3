/** GRE with its options. RFC 2784, RFC 2890; the version of PPTP (RFC 2637) is no tunnel of ours. */
import { Reason } from '../../common/reasons.ts';
import { EtherType } from '../link.ts';
import { ERSPAN_I_II, ERSPAN_III, readErspan } from './erspan.ts';
import { isPacketType } from './payload.ts';
import { AS_OUTER, found, IdKind, type ReadTunnel, readable, TunnelKind } from './tunnel.ts';

const HEADER_BYTES = 4;

enum Flag {
  CHECKSUM = 0x8000,
  /** Of RFC 1701, long given up; the kernel takes no such packet either. */
  ROUTING = 0x4000,
  KEY = 0x2000,
  SEQUENCE = 0x1000,
  VERSION = 0x0007,
}

const VERSION_PPTP = 1;
/** A keepalive that came back: nothing follows. What went out was IPv4 in GRE that carried this one. */
const TYPE_KEEPALIVE = 0;
/** Redirected by a router to a cache; four bytes may come before the packet. */
const TYPE_WCCP = 0x883e;

export interface GreOptions {
  /** Whether GRE itself, and ERSPAN, are to be peeled; each may be named without the other. */
  readonly gre: boolean;
  readonly erspan: boolean;
}

/** The checksum is passed over: what is inside has its own (docs/tunnels.md). Thread: any. */
export function createGre(options: GreOptions): ReadTunnel {
  const { gre, erspan } = options;

  function read(view: DataView, at: number, end: number, wireEnd: number, out: Int32Array): number {
    const short = readable(at, HEADER_BYTES, end, wireEnd);
    if (short !== Reason.NONE) return short;
    const flags = view.getUint16(at);
    const type = view.getUint16(at + 2);
    const isErspan = type === ERSPAN_I_II || type === ERSPAN_III;
    const version = flags & Flag.VERSION;
    if (version === VERSION_PPTP || !(isErspan ? erspan : gre) || type === TYPE_KEEPALIVE) return AS_OUTER;
    if (version !== 0 || (flags & Flag.ROUTING) !== 0) return Reason.TUNNEL_VERSION;
    const keyAt = at + HEADER_BYTES + ((flags & Flag.CHECKSUM) !== 0 ? 4 : 0);
    const sequenceAt = keyAt + ((flags & Flag.KEY) !== 0 ? 4 : 0);
    const inner = sequenceAt + ((flags & Flag.SEQUENCE) !== 0 ? 4 : 0);
    const cut = readable(at, inner - at, end, wireEnd);
    if (cut !== Reason.NONE) return cut;
    if (isErspan) return readErspan(view, inner, end, wireEnd, type, (flags & Flag.SEQUENCE) !== 0, out);
    const idKind = (flags & Flag.KEY) !== 0 ? IdKind.KEY : IdKind.NONE;
    const key = idKind === IdKind.KEY ? view.getInt32(keyAt) : 0;
    if (isPacketType(type)) return found(out, TunnelKind.GRE, inner, wireEnd, type, idKind, key);
    return type === TYPE_WCCP
      ? redirected(view, inner, end, wireEnd, idKind, key, out)
      : Reason.TUNNEL_PAYLOAD;
  }

  /** The older form has no header before the packet, and the header's first half byte is never 4. */
  function redirected(
    view: DataView,
    at: number,
    end: number,
    wireEnd: number,
    idKind: IdKind,
    key: number,
    out: Int32Array,
  ): number {
    const short = readable(at, 4, end, wireEnd);
    if (short !== Reason.NONE) return short;
    const inner = view.getUint8(at) >>> 4 === 4 ? at : at + 4;
    return found(out, TunnelKind.GRE, inner, wireEnd, EtherType.IPV4, idKind, key);
  }

  return read;
}
