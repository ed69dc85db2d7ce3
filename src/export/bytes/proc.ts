/** Lines of /proc/net/nf_conntrack as bytes: those of ../proc.ts. */
import { Kind, Status } from '../../shm/bits.ts';
import { Hot } from '../../shm/offsets.generated.ts';
import type { OutputOptions } from '../options.ts';
import {
  greStreamTimeoutS,
  greTimeoutS,
  isCounted,
  isGre,
  kindNumber,
  stateNumber,
  timeoutOf,
} from './entry.ts';
import type { ExpectedCounts, LineForm } from './form.ts';
import { putWord } from './numbers.ts';
import { piece, put } from './pieces.ts';
import {
  ASSURED_MARK,
  fullStart,
  MARK,
  putDirections,
  putZone,
  SPACE,
  stateAndSrc,
  textForm,
  USE,
  useOf,
} from './text.ts';

const TIMEOUT = piece('timeout=');
const STREAM_TIMEOUT = piece(', stream_timeout=');

/** Events are those of `textForm`. */
export function procForm(o: OutputOptions, expected: ExpectedCounts): LineForm {
  function entry(view: DataView, p: number, words: Int32Array, at: number, tickMs: number): number {
    const kind = words[at + Hot.KIND];
    const status = words[at + Hot.STATUS];
    let q = putWord(view, put(view, p, fullStart(kindNumber(kind))), timeoutOf(words, at, tickMs));
    q = put(view, q, SPACE);
    if (isGre(kind)) q = putGreTimeouts(view, q, words, at);
    q = put(view, q, stateAndSrc(stateNumber(kind, status)));
    q = putDirections(view, q, words, at, isCounted(status), true);
    q = put(view, q, (status & Status.ASSURED) !== 0 ? ASSURED_MARK : MARK);
    q = putZone(view, putWord(view, q, words[at + Hot.MARK]), kind >>> Kind.ZONE_SHIFT);
    return putWord(view, put(view, q, USE), 1 + useOf(words, at, expected));
  }
  return { entry, event: textForm(o, expected).event };
}

/** Where other protocols have a state. */
function putGreTimeouts(view: DataView, p: number, words: Int32Array, at: number): number {
  const timeout = putWord(view, put(view, p, TIMEOUT), greTimeoutS(words, at));
  const stream = put(view, timeout, STREAM_TIMEOUT);
  return put(view, putWord(view, stream, greStreamTimeoutS(words, at)), SPACE);
}
