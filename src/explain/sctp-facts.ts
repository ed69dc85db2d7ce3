/** What stands in an SCTP packet, for people: the verification tag and the chunks. RFC 9260 3 */

export interface SctpFacts {
  readonly tag: number;
  /** Names, in the order of the packet; `INIT (initiate tag 7)`. */
  readonly chunks: readonly string[];
}

const HEADER_BYTES = 12;
const CHUNK_BYTES = 4;
const INIT = 1;
const INIT_ACK = 2;

const CHUNK_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'DATA'],
  [INIT, 'INIT'],
  [INIT_ACK, 'INIT ACK'],
  [3, 'SACK'],
  [4, 'HEARTBEAT'],
  [5, 'HEARTBEAT ACK'],
  [6, 'ABORT'],
  [7, 'SHUTDOWN'],
  [8, 'SHUTDOWN ACK'],
  [9, 'ERROR'],
  [10, 'COOKIE ECHO'],
  [11, 'COOKIE ACK'],
  [14, 'SHUTDOWN COMPLETE'],
  [64, 'I-DATA'],
  [130, 'RE-CONFIG'],
  [192, 'FORWARD TSN'],
]);

/** Reads a packet whose header of 12 bytes is there; chunks end where the bytes or their lengths do. */
export function readSctpFacts(view: DataView, at: number, end: number): SctpFacts {
  const chunks: string[] = [];
  for (let i = at + HEADER_BYTES; end - i >= CHUNK_BYTES; ) {
    const type = view.getUint8(i);
    const length = view.getUint16(i + 2);
    const hasTag = (type === INIT || type === INIT_ACK) && end - i >= 2 * CHUNK_BYTES;
    const tag = hasTag ? ` (initiate tag ${view.getUint32(i + CHUNK_BYTES)})` : '';
    chunks.push(`${CHUNK_NAMES.get(type) ?? `chunk ${type}`}${tag}`);
    if (length < CHUNK_BYTES) break;
    i += (length + 3) & ~3;
  }
  return { tag: view.getUint32(at + 4), chunks };
}

/** `DATA, SACK`, without tags; what is repeated is counted. */
export function chunksText({ chunks }: SctpFacts): string {
  const counts = new Map<string, number>();
  for (const chunk of chunks) {
    const name = chunk.replace(/ \(.*/, '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts].map(([name, n]) => (n === 1 ? name : `${n} ${name}`));
  return names.length === 0 ? 'no chunks' : names.join(', ');
}
