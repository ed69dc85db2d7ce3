/**
 * Long runs of packets to which the same thing happened become one line between the first ones and the
 * last one. What changes a state, sets a status bit or was asked for always stays in sight.
 */
import type { PacketRecord } from '../story.ts';

/** Packets of a run that are not shown one by one. */
export interface Folded {
  readonly packets: number;
  readonly original: number;
  readonly reply: number;
  /** Payload of TCP, else layer 3. */
  readonly bytes: number;
  /** One of them, for what they have in common. */
  readonly sample: PacketRecord;
}

export type Shown = { readonly packet: PacketRecord } | { readonly folded: Folded };

export interface Folder {
  /** Takes the next packet; gives what can be shown by now. */
  add(packet: PacketRecord): Shown[];
  /** The run is over: something else than a packet comes. */
  flush(): Shown[];
}

const HEAD = 2;
const TAIL = 1;
/** Fewer than these are not worth a line about them. */
const FOLD_MIN = 3;

/** What packets of one run have in common; null for one that stands for itself. */
function runKey(p: PacketRecord): string | null {
  if (p.event !== null || p.gained.length > 0 || p.facts !== null || p.expects.length > 0) return null;
  if (p.stateBefore !== p.stateAfter && p.stateAfter !== null) return null;
  const state = p.stateAfter ?? p.statusAfter?.join() ?? '';
  return `${p.effect} ${p.reason} ${p.life} ${state} ${p.window?.bound}`;
}

const bytesOf = (p: PacketRecord): number => p.tcp?.bytes ?? p.bytes ?? 0;

export function createFolder(): Folder {
  let key: string | null = null;
  let shown = 0;
  /** Not shown yet: the last ones of the run. */
  let waiting: PacketRecord[] = [];
  let hidden: Folded | null = null;

  function hide(p: PacketRecord): void {
    const { packets, original, reply, bytes } = hidden ?? { packets: 0, original: 0, reply: 0, bytes: 0 };
    hidden = {
      packets: packets + 1,
      original: original + (p.direction === 'original' ? 1 : 0),
      reply: reply + (p.direction === 'reply' ? 1 : 0),
      bytes: bytes + bytesOf(p),
      sample: p,
    };
  }

  function flush(): Shown[] {
    const rest = waiting.map((packet) => ({ packet }));
    const result: Shown[] = hidden === null ? rest : [{ folded: hidden }, ...rest];
    key = null;
    shown = 0;
    waiting = [];
    hidden = null;
    return result;
  }

  return {
    add(packet) {
      const next = runKey(packet);
      if (next === null) return [...flush(), { packet }];
      const before = next === key ? [] : flush();
      key = next;
      if (shown < HEAD) {
        shown++;
        return [...before, { packet }];
      }
      waiting.push(packet);
      // Once folding pays, all but the last go into the fold.
      const limit = hidden === null ? FOLD_MIN + TAIL : TAIL + 1;
      if (waiting.length >= limit) for (const p of waiting.splice(0, waiting.length - TAIL)) hide(p);
      return before;
    },
    flush,
  };
}
