/** One packet as a record of the story, from all that is known of it. */
import { Reason, reasonInfo } from '../common/reasons.ts';
import { connectionOf } from '../export/entry-view.ts';
import { protocolName, statusNames } from '../export/names.ts';
import { Meta, Sides, Status, Task, Verdict } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';
import type { FrameFacts } from './frame-facts.ts';
import { icmpText } from './icmp-text.ts';
import { packetWords, type Telling, timeoutCause } from './packet-words.ts';
import { otherDir } from './positions.ts';
import { chunksText } from './sctp-facts.ts';
import type { PacketRecord, TcpRecord } from './story.ts';
import { flagsText, type TcpFacts, TcpFlag } from './tcp-facts.ts';
import { windowRecord } from './window-words.ts';

const TCP = 6;
const ICMP_REQUESTS: ReadonlySet<number> = new Set([0, 8, 128, 129]);
/** Bits that a packet may bring; CONFIRMED says nothing that "opens" does not. */
const GAINED = Status.EXPECTED | Status.SEEN_REPLY | Status.ASSURED | Status.FIXED_TIMEOUT;

const VERDICT_NAMES: Readonly<Record<Verdict, string | null>> = {
  [Verdict.ESTABLISHED]: 'ESTABLISHED',
  [Verdict.RELATED]: 'RELATED',
  [Verdict.NEW]: 'NEW',
  [Verdict.ESTABLISHED_REPLY]: 'ESTABLISHED/reply',
  [Verdict.RELATED_REPLY]: 'RELATED/reply',
  [Verdict.UNTRACKED]: 'UNTRACKED',
  [Verdict.INVALID]: 'INVALID',
  [Verdict.NULL]: null,
  [Verdict.SKIP]: null,
};

/** What the frame's header says, or, where the frame is not what was judged (a fragment, a tunnel), the descriptor. */
function tcpFacts({ desc, facts, isDispatched }: Telling): TcpFacts | null {
  const meta = desc[Desc.META];
  const { ports, tcp, ip } = facts;
  if (isDispatched && (meta & Meta.TASK_MASK) !== Task.TCP) return null;
  if (tcp !== null && ports !== null && ip !== null && !ip.isFragment) {
    const l4 = desc[Desc.L4];
    const [low, high] = [l4 >>> 16, l4 & 0xffff];
    const isIt = (ports[0] === low && ports[1] === high) || (ports[0] === high && ports[1] === low);
    if (!isDispatched || isIt) return tcp;
  }
  const reason: Reason = meta >>> Meta.REASON_SHIFT;
  if (!isDispatched || (reason !== Reason.NONE && reason !== Reason.TCP_FLAGS)) return null;
  const bit = (mask: Meta, flag: TcpFlag): number => ((meta & mask) !== 0 ? flag : 0);
  const flags =
    bit(Meta.SYN, TcpFlag.SYN) |
    bit(Meta.FIN, TcpFlag.FIN) |
    bit(Meta.RST, TcpFlag.RST) |
    bit(Meta.ACK, TcpFlag.ACK);
  return {
    seq: desc[Desc.SEQ],
    ack: desc[Desc.ACK],
    flags,
    window: desc[Desc.WINDOW] >>> 16,
    bytes: desc[Desc.WINDOW] & 0xffff,
    headerBytes: 0,
    sack: [],
    options: [],
  };
}

function icmpWhat({ ip, icmp }: FrameFacts): string {
  if (icmp === null || ip === null) return 'ICMP';
  const text = icmpText(ip.version, icmp.type, icmp.code);
  return ICMP_REQUESTS.has(icmp.type) ? `${text} ${icmp.sequence}` : text;
}

/** `SYN ACK`, `echo request 3`, `UDP`: what a row shows of the packet. */
function whatOf(t: Telling, tcp: TcpFacts | null): string {
  const { facts, isDispatched, desc } = t;
  if (facts.ip?.isFragment === true && !isDispatched) return `fragment at ${facts.ip.fragmentOffset}`;
  if (isDispatched && (desc[Desc.META] & Meta.TASK_MASK) === Task.ICMP_ERROR)
    return `ICMP ${icmpWhat(facts)}`;
  if (tcp !== null) return flagsText(tcp.flags);
  if (facts.icmp !== null) return icmpWhat(facts);
  if (facts.sctp !== null) return chunksText(facts.sctp);
  const protocol = isDispatched ? desc[Desc.KIND] & 0xff : facts.ip?.protocol;
  if (protocol === undefined) return 'no IP';
  const name = protocolName(protocol);
  return name === 'unknown' ? `protocol ${protocol}` : name.toUpperCase();
}

function tcpRecord(t: Telling, tcp: TcpFacts): TcpRecord {
  const { dir, after, before, positions } = t;
  const hasAck = (tcp.flags & TcpFlag.ACK) !== 0;
  const isSyn = (tcp.flags & TcpFlag.SYN) !== 0;
  const end = (tcp.seq + tcp.bytes + (isSyn ? 1 : 0) + ((tcp.flags & TcpFlag.FIN) !== 0 ? 1 : 0)) | 0;
  const sides = (after ?? before)?.[Hot.SIDES] ?? 0;
  const scale = isSyn ? 0 : (sides >>> (Sides.SCALE_ORIG_SHIFT + dir * 4)) & 0xf;
  const peer = otherDir(dir);
  return {
    flags: flagsText(tcp.flags),
    seq: tcp.seq >>> 0,
    ack: hasAck ? tcp.ack >>> 0 : null,
    relativeSeq: positions.at(dir, tcp.seq),
    relativeEnd: positions.at(dir, end),
    relativeAck: hasAck ? positions.at(peer, tcp.ack) : null,
    bytes: tcp.bytes,
    window: tcp.window,
    windowScaled: tcp.window * 2 ** scale,
    sack: tcp.sack.map(
      ([l, r]) => [positions.at(peer, l) ?? l >>> 0, positions.at(peer, r) ?? r >>> 0] as const,
    ),
    options: tcp.options,
  };
}

function verdictOf({ report, effect }: Telling): string | null {
  if (report !== null) return VERDICT_NAMES[report.verdict];
  return effect === 'refused' ? 'INVALID' : effect === 'untracked' ? 'UNTRACKED' : null;
}

const NO_COLD = new Int32Array(16);
const connectionAt = (hot: Int32Array, tickMs: number) =>
  connectionOf({ hot, h: 0, cold: NO_COLD, c: 0 }, tickMs, null);

/** `isAsked`: it is the packet that was asked for, so all of it is told. */
export function packetRecord(t: Telling, life: number | null, isAsked: boolean): PacketRecord {
  const { effect, reason, judgement, facts, before, after, tickMs } = t;
  const isTcp =
    (facts.ip?.protocol === TCP && !t.isDispatched) || (t.isDispatched && (t.desc[Desc.KIND] & 0xff) === TCP);
  const tcp = isTcp ? tcpFacts(t) : null;
  const now = after === null ? null : connectionAt(after, tickMs);
  const gained = after === null ? 0 : after[Hot.STATUS] & ~(before?.[Hot.STATUS] ?? 0) & GAINED;
  const leftMs = after === null ? null : (after[Hot.DEADLINE] - tickMs) | 0;
  const setMs = (effect === 'opens' || effect === 'accepted') && !t.isDeleted ? leftMs : null;
  const cause =
    setMs !== null && after !== null && judgement !== null
      ? timeoutCause(after, judgement.cls, t.desc[Desc.WINDOW] >>> 16, setMs, t.settings)
      : null;
  return {
    record: 'packet',
    n: t.number,
    atNs: t.atNs,
    life,
    direction: t.hasDirection ? (t.dir === 0 ? 'original' : 'reply') : null,
    what: whatOf(t, tcp),
    bytes: t.isDispatched ? t.desc[Desc.BYTES] >>> 0 : (facts.ip?.totalBytes ?? null),
    tcp: tcp === null ? null : tcpRecord(t, tcp),
    effect,
    verdict: verdictOf(t),
    reason: reason === Reason.NONE ? null : reasonInfo(reason).name,
    stateBefore: before === null ? null : connectionAt(before, tickMs).state,
    stateAfter: now?.state ?? null,
    statusAfter: now === null ? null : statusNames(now.status),
    timeoutS: setMs === null ? null : setMs / 1000,
    timeoutBecause: cause?.words ?? null,
    leftS: leftMs === null ? null : Math.max(0, leftMs / 1000),
    gained: statusNames(gained),
    event: t.event,
    why: packetWords(t),
    window: judgement?.outside ? windowRecord(judgement.outside) : null,
    expects: t.expects,
    facts: isAsked ? facts.rows.map(([name, text]) => ({ name, text })) : null,
  };
}
