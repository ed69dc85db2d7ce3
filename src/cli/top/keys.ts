/** Keys of `flowshard top`, and what they do to its mode. */

import type { SortKey } from './sample.ts';
import type { Mode } from './screen.ts';

/** What the keys cannot do by themselves. */
export type Order = 'quit' | 'suspend' | 'redraw';

export interface Pressed {
  readonly mode: Mode;
  readonly order: Order | null;
  /** The filter or the order of the table is another one: ask anew. */
  readonly isAnew: boolean;
}

const SORTS: ReadonlyMap<string, SortKey> = new Map([
  ['b', 'bytes'],
  ['p', 'packets'],
  ['a', 'age'],
  ['r', 'rate'],
]);

const CTRL_C = '\x03';
const CTRL_L = '\x0c';
const CTRL_U = '\x15';
const CTRL_W = '\x17';
const CTRL_Z = '\x1a';
const ESCAPE = '\x1b';
const BACKSPACES = ['\x7f', '\b'];
const FILTER_LENGTH_MAX = 1000;

/** Single keys of what came at once: sequences of the arrow keys and the like are one each. */
export const keysOf = (text: string): string[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what keys send
  text.match(/\x1b(?:\[[\d;]*[ -/]*[@-~]|O.)?|.|\n/gs) ?? [];

export function press(mode: Mode, key: string): Pressed {
  const only = (change: Partial<Mode>, isAnew = false): Pressed => ({
    mode: { ...mode, ...change },
    order: null,
    isAnew,
  });
  if (key === CTRL_C) return { mode, order: 'quit', isAnew: false };
  if (key === CTRL_Z) return { mode, order: 'suspend', isAnew: false };
  if (key === CTRL_L) return { mode, order: 'redraw', isAnew: false };
  if (mode.typed !== null) return typing(mode, mode.typed, key, only);
  if (key === 'q') return { mode, order: 'quit', isAnew: false };
  if (key === ' ') return only({ isPaused: !mode.isPaused });
  if (key === '/') return only({ typed: mode.filter, trouble: null });
  const sort = SORTS.get(key);
  return sort === undefined || sort === mode.sort ? only({}) : only({ sort }, true);
}

function typing(
  mode: Mode,
  typed: string,
  key: string,
  only: (change: Partial<Mode>, isAnew?: boolean) => Pressed,
): Pressed {
  if (key === ESCAPE) return only({ typed: null });
  if (key === '\r' || key === '\n') {
    const filter = typed.trim();
    return only({ typed: null, filter, trouble: null }, filter !== mode.filter);
  }
  if (BACKSPACES.includes(key)) return only({ typed: typed.slice(0, -1) });
  if (key === CTRL_U) return only({ typed: '' });
  if (key === CTRL_W) return only({ typed: typed.replace(/\S+\s*$/, '') });
  const isText = key.length === 1 && key >= ' ' && key <= '~';
  return only(isText && typed.length < FILTER_LENGTH_MAX ? { typed: typed + key } : {});
}
