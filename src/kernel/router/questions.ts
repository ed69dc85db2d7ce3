/** What the thread that has the router and the main thread say to each other: one question at a time. */
import type { PartName } from './frames.ts';

export type RouterQuestion =
  /** Makes the frames of so many connections; those before are gone. */
  | { readonly ask: 'prepare'; readonly connections: number }
  /** Conntrack on or off. */
  | { readonly ask: 'track'; readonly on: boolean }
  | { readonly ask: 'send'; readonly part: PartName; readonly packets: number }
  | { readonly ask: 'table' }
  | { readonly ask: 'flush' }
  /** Starts a program in the router's namespace; one at a time. */
  | { readonly ask: 'start'; readonly command: readonly string[] }
  /** Ends it. */
  | { readonly ask: 'stop' };

export interface Sent {
  /** Until the last frame was dealt with: by the clock, and processor time, which does not count what others do meanwhile. */
  readonly ms: number;
  readonly cpuMs: number;
  /** Frames that the router received, and that left it again. */
  readonly received: number;
  readonly forwarded: number;
}

export interface Table {
  readonly connections: number;
  /** Packets, since the namespace began. */
  readonly invalid: number;
  /** Packets that conntrack dropped, and connections that it refused or gave up for others. */
  readonly refused: number;
}

export interface RouterAnswers {
  readonly prepare: null;
  readonly track: null;
  readonly send: Sent;
  readonly table: Table;
  readonly flush: null;
  /** Its process id. */
  readonly start: number;
  readonly stop: null;
}

export type RouterAnswer = RouterAnswers[keyof RouterAnswers];
