/** The exact tuple of a connection, as descriptors and entries have it, and as people can paste it. */

import type { Connection, Tuple } from '../export/connection.ts';
import { connectionOf } from '../export/entry-view.ts';
import { Kind, Status } from '../shm/bits.ts';
import { Cold, Desc, Hot, Report } from '../shm/offsets.generated.ts';

/** The words that make a tuple: LO0, HI0, L4, KIND, and for IPv6 LO1 to HI3. */
export type TupleKey = Int32Array;

const IPV6_WORDS = 6;

export function keyOf(desc: Int32Array): TupleKey {
  const key = new Int32Array(4 + IPV6_WORDS);
  for (let i = 0; i < 4; i++) key[i] = desc[Desc.LO0 + i];
  if ((key[Desc.KIND] & Kind.IPV6) !== 0)
    for (let i = 0; i < IPV6_WORDS; i++) key[4 + i] = desc[Desc.LO1 + i];
  return key;
}

/** Whether the words of a tuple are those of the key; `rest` is where the last six words of an IPv6 tuple lie. */
function isSame(key: TupleKey, words: Int32Array, at: number, rest: number): boolean {
  for (let i = 0; i < 4; i++) if (key[i] !== words[at + i]) return false;
  if ((key[Desc.KIND] & Kind.IPV6) === 0) return true;
  for (let i = 0; i < IPV6_WORDS; i++) if (key[4 + i] !== words[rest + i]) return false;
  return true;
}

export const isDescriptorOf = (key: TupleKey, desc: Int32Array): boolean => isSame(key, desc, 0, Desc.LO1);

/** The same of the entry in a report at word `r`. */
export const isReportOf = (key: TupleKey, slots: Int32Array, r: number): boolean =>
  isSame(key, slots, r + Report.HOT, r + Report.COLD + Cold.LO1);

/** What is known of a connection from one descriptor, with its original direction from the lower endpoint or not. */
export function connectionOfDescriptor(desc: Int32Array, isFromLow: boolean): Connection {
  const hot = new Int32Array(Hot.WORDS);
  const cold = new Int32Array(Cold.WORDS);
  for (let i = 0; i < 4; i++) hot[Hot.LO0 + i] = desc[Desc.LO0 + i];
  if ((desc[Desc.KIND] & Kind.IPV6) !== 0)
    for (let i = 0; i < IPV6_WORDS; i++) cold[Cold.LO1 + i] = desc[Desc.LO1 + i];
  hot[Hot.STATUS] = isFromLow ? 0 : Status.FROM_HI;
  return connectionOf({ hot, h: 0, cold, c: 0 }, 0, null);
}

function endText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export const sourceText = (tuple: Tuple): string => endText(tuple.src, tuple.sport);
export const destinationText = (tuple: Tuple): string => endText(tuple.dst, tuple.dport);

/** As `explain` takes it: `tcp 10.0.0.1:1234-10.0.0.2:80`, `icmp 10.0.0.1-10.0.0.2 id 7`. */
export function tupleText(c: Pick<Connection, 'protocol' | 'protocolName' | 'original' | 'zone'>): string {
  const protocol = c.protocolName === 'unknown' ? String(c.protocol) : c.protocolName;
  const id = c.original.id === undefined ? '' : ` id ${c.original.id}`;
  const zone = c.zone === 0 ? '' : `zone ${c.zone} `;
  return `${zone}${protocol} ${sourceText(c.original)}-${destinationText(c.original)}${id}`;
}
