/** What a consumer of events can know: a table made from a snapshot and events alone, and the account of their numbers. */
import assert from 'node:assert/strict';
import { PAGE_ENTRY_WORDS, type RawEvent, type ScanPage } from '../../src/control/tracker-control.ts';
import { Kind, ReportType } from '../../src/shm/bits.ts';
import { Cold, Hot, Report } from '../../src/shm/offsets.generated.ts';

/** One life of a connection: its tuple and the packet that created it, and when. Shapes: Hot and Cold from `at` on. */
export function lifeOf(words: Int32Array, at: number): string {
  const cold = at + Hot.WORDS;
  const parts = [Hot.LO0, Hot.HI0, Hot.L4, Hot.KIND, Hot.CREATED].map((word) => words[at + word]);
  parts.push(words[cold + Cold.START_SEC], words[cold + Cold.START_NSEC]);
  if ((words[at + Hot.KIND] & Kind.IPV6) !== 0)
    for (let word: number = Cold.LO1; word <= Cold.HI3; word++) parts.push(words[cold + word]);
  return parts.map((word) => (word >>> 0).toString(36)).join(' ');
}

/** What events tell of a connection that lives: all of its status, and its mark. */
export function stateOf(words: Int32Array, at: number): string {
  return `${(words[at + Hot.STATUS] >>> 0).toString(16)} ${words[at + Hot.MARK] >>> 0}`;
}

export interface EventMirror {
  readonly connections: ReadonlyMap<string, string>;
  apply(event: RawEvent): void;
  /** A part of a snapshot. */
  add(page: ScanPage): void;
  clear(): void;
}

export interface MirrorOptions {
  readonly onBegin?: (life: string) => void;
  readonly onEnd?: (life: string) => void;
}

export function createEventMirror(options: MirrorOptions = {}): EventMirror {
  const connections = new Map<string, string>();

  function put(life: string, state: string): void {
    if (!connections.has(life)) options.onBegin?.(life);
    connections.set(life, state);
  }

  return {
    connections,
    apply({ words }) {
      const life = lifeOf(words, Report.HOT);
      if (words[Report.TYPE] === ReportType.END) {
        if (connections.delete(life)) options.onEnd?.(life);
      } else {
        assert.equal(words[Report.TYPE], ReportType.PACKET, 'a record that is no event');
        put(life, stateOf(words, Report.HOT));
      }
    },
    add({ words, count }) {
      for (let i = 0; i < count; i++) {
        const at = i * PAGE_ENTRY_WORDS;
        put(lifeOf(words, at), stateOf(words, at));
      }
    },
    clear: () => connections.clear(),
  };
}
