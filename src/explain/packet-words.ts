/** What there is to say about one packet: why it was refused or ignored, and what was odd where it was accepted. */
import { Reason } from '../common/reasons.ts';
import { Answer } from '../conntrack/protocols/answer.ts';
import { SideWord } from '../conntrack/protocols/tcp-segment.ts';
import {
  TCP_REPLY_CELLS,
  TCP_STATE_SHIFT,
  TCP_STATES,
  TcpState,
  tcpTransitions,
} from '../conntrack/protocols/tcp-table.ts';
import { Setting } from '../conntrack/settings.ts';
import { protocolName, SCTP_STATE_NAMES } from '../export/names.ts';
import { Last, Side, Sides, Status, TcpClass } from '../shm/bits.ts';
import { Desc, Hot } from '../shm/offsets.generated.ts';
import type { FrameFacts } from './frame-facts.ts';
import { type Dir, otherDir, type Positions } from './positions.ts';
import { REASON_SENTENCES } from './reason-sentences.ts';
import { chunksText } from './sctp-facts.ts';
import type { Expected, ShardReport } from './step.ts';
import type { Effect } from './story.ts';
import { flagsText } from './tcp-facts.ts';
import type { TcpJudgement } from './tcp-judge.ts';
import { bytesText, SIDE_NAMES, windowWords } from './window-words.ts';

/** A packet with all that is known of it. */
export interface Telling {
  readonly number: number;
  readonly atNs: bigint;
  /** The tracker's clock. */
  readonly tickMs: number;
  readonly effect: Effect;
  /** What the shard said of it; null for one that it never saw. */
  readonly report: ShardReport | null;
  readonly event: 'NEW' | 'UPDATE' | null;
  /** Whether `desc` tells of it. */
  readonly isDispatched: boolean;
  /** It deleted its connection. */
  readonly isDeleted: boolean;
  /** Whether `dir` can be told. */
  readonly hasDirection: boolean;
  readonly reason: Reason;
  readonly dir: Dir;
  /** Words of Hot before and after; null without a connection. */
  readonly before: Int32Array | null;
  readonly after: Int32Array | null;
  readonly desc: Int32Array;
  /** Only of a TCP packet that the protocol judged. */
  readonly judgement: TcpJudgement | null;
  /** It ended the life before it, and opens the next one. */
  readonly isReopening: boolean;
  readonly positions: Positions;
  readonly facts: FrameFacts;
  readonly settings: Int32Array;
  /** The connection, in words. */
  readonly tuple: string;
  /** How the last life ended, `it ended with packet 12 (reset)`; null where there was none. */
  readonly lastEnd: string | null;
  /** The SYN that was let through last, 0 for none. */
  readonly ignoredSyn: number;
  readonly expects: readonly Expected[];
}

const CLASS_NAMES: Readonly<Record<TcpClass, string>> = {
  [TcpClass.SYN]: 'SYN',
  [TcpClass.SYNACK]: 'SYN/ACK',
  [TcpClass.FIN]: 'FIN',
  [TcpClass.ACK]: 'ACK',
  [TcpClass.RST]: 'RST',
  [TcpClass.NONE]: 'packet without flags',
};
const article = (name: string): string => `${name.startsWith('A') ? 'an' : 'a'} ${name}`;

const transitions = tcpTransitions();

export const stateOf = (words: Int32Array): TcpState =>
  (words[Hot.STATUS] & Status.STATE_MASK) >>> Status.STATE_SHIFT;

/** The classes for which a state has a place, in one direction. */
function placesIn(state: TcpState, dir: Dir): string {
  const names: string[] = [];
  for (let cls = TcpClass.SYN; cls < TcpClass.NONE; cls++) {
    const cell = transitions[dir * TCP_REPLY_CELLS + (state << TCP_STATE_SHIFT) + cls];
    if (cell !== TcpState.INVALID) names.push(CLASS_NAMES[cls]);
  }
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function rstBelow({ desc, before, dir, positions }: Telling): string[] {
  if (before === null) return [];
  const peer = otherDir(dir);
  const maxAck = before[peer === 0 ? Hot.MAXACK_ORIG : Hot.MAXACK_REPLY];
  const seq = desc[Desc.SEQ];
  const at = (word: number): string => `${positions.at(dir, word) ?? word >>> 0}`;
  const { packet } = positions.setBy(peer, SideWord.MAXACK);
  const by = packet === 0 ? '' : ` (packet ${packet})`;
  return [
    `Sequence ${at(seq)} must not lie below ${at(maxAck)}, the highest acknowledgement of the ${SIDE_NAMES[peer]}${by}; it is ${bytesText((maxAck - seq) | 0)} below.`,
  ];
}

/** The tag that a direction must bear lies where TCP has the end of its side. */
function sctpTag({ before, dir, facts }: Telling): string[] {
  if (facts.sctp === null) return [];
  const mine = `Its tag is ${facts.sctp.tag}`;
  if (before === null) return [`${mine}.`];
  const own = before[dir === 0 ? Hot.END_ORIG : Hot.END_REPLY] >>> 0;
  return [`${mine}; what the ${SIDE_NAMES[dir]} sends must bear ${own}, but for an INIT, which bears 0.`];
}

function sctpState({ before, dir, facts }: Telling): string[] {
  if (before === null || facts.sctp === null) return [];
  const state = SCTP_STATE_NAMES[stateOf(before)];
  return [`In ${state} there is no place for ${chunksText(facts.sctp)} of the ${SIDE_NAMES[dir]}.`];
}

/** Words of one reason that need more than its sentence; they come after it, or, with `replaces`, for it. */
function reasonWords(t: Telling): { words: string[]; replaces: boolean } {
  const { reason, judgement, dir, before, facts } = t;
  const add = (...words: string[]) => ({ words, replaces: false });
  switch (reason) {
    case Reason.TCP_SEQ_OVER:
    case Reason.TCP_ACK_OVER:
      return add(...(judgement?.outside ? windowWords(judgement.outside, t.positions, dir) : []));
    case Reason.TCP_RST_SEQ:
      return add(...rstBelow(t));
    case Reason.TCP_STATE: {
      if (before === null || judgement === null) return add();
      const state = stateOf(before);
      const words = `In ${TcpState[state]} there is no place for ${article(CLASS_NAMES[judgement.cls])} of the ${SIDE_NAMES[dir]}; from that side it has places for ${placesIn(state, dir)}.`;
      return { words: [words], replaces: true };
    }
    case Reason.TCP_FLAGS:
      return add(`Its flags: ${facts.tcp === null ? 'not readable' : flagsText(facts.tcp.flags)}.`);
    case Reason.TCP_NOT_OPENING:
    case Reason.TCP_NOT_LOOSE:
    case Reason.ICMP_UNSOLICITED:
      return add(...lastEndWords(t));
    case Reason.SCTP_NOT_OPENING:
      return add(...lastEndWords(t));
    case Reason.SCTP_TAG:
      return add(...sctpTag(t));
    case Reason.SCTP_STATE:
      return add(...sctpState(t));
    case Reason.ICMP_QUOTE_UNKNOWN:
      return add(`It would have needed ${t.tuple}.`, ...lastEndWords(t));
    default:
      return add();
  }
}

const lastEndWords = ({ lastEnd }: Telling): string[] =>
  lastEnd === null ? ['There was none before either.'] : [`There was one, but ${lastEnd}.`];

function refusedWords(t: Telling): string[] {
  const { reason, facts } = t;
  if (reason === Reason.NONE || reason === Reason.COUNT) return [];
  const { text, shownBy = [] } = REASON_SENTENCES[reason];
  const { words, replaces } = reasonWords(t);
  const shown = facts.rows.filter(([name]) => shownBy.some((start) => name === start));
  return [
    ...(replaces ? [] : [text]),
    ...words,
    ...shown.map(([name, value]) => `${name}: ${value}.`),
    ...shortened(t),
  ];
}

/** FINs or RSTs of both sides that were refused shorten the timer. */
function shortened({ before, after, judgement, settings }: Telling): string[] {
  if (judgement === null || before === null || after === null) return [];
  if (before[Hot.DEADLINE] === after[Hot.DEADLINE]) return [];
  return [
    `A FIN or RST of either side has now been refused, so the tracker takes the connection for lost and shortens its timer to ${settings[Setting.TCP_UNACK] / 1000} s.`,
  ];
}

const NO_EFFECT = 'Let through without effect: no new timeout, not counted.';

function ignoredWords(t: Telling): string[] {
  const { judgement, before, dir } = t;
  if (judgement === null || before === null) return [NO_EFFECT];
  const { cls, cell, outside } = judgement;
  if (outside !== null) return [...windowWords(outside, t.positions, dir), NO_EFFECT];
  const state = TcpState[stateOf(before)];
  if (cell === TcpState.SYN_SENT && stateOf(before) === TcpState.SYN_SENT)
    return [
      'A repeated SYN: it must not keep an unanswered connection alive, so the timeout stays as it was and it is not counted.',
    ];
  if (cell === TcpState.SYN_SENT)
    return [
      `A SYN after a RST of the other side does not reopen the connection; what it means is told by its answer. ${NO_EFFECT}`,
    ];
  if (cell === TcpState.TIME_WAIT)
    return [
      `This ACK may answer the stray SYN${t.ignoredSyn === 0 ? '' : ` of packet ${t.ignoredSyn}`}, not the FIN, so the state stays (RFC 5961). ${NO_EFFECT}`,
    ];
  switch (cls) {
    case TcpClass.SYN:
      return [
        `A SYN in ${state}: only its answer will tell what it means (a SYN/ACK: start again; a RST: close; an ACK: nothing). ${NO_EFFECT}`,
      ];
    case TcpClass.SYNACK:
      return [
        `A SYN/ACK in ${state} that answers no SYN which was let through: probably a repeated one. ${NO_EFFECT}`,
      ];
    case TcpClass.ACK:
      return [
        `An ACK before the SYN/ACK: perhaps the challenge of a server that still has an old connection (RFC 5961). ${NO_EFFECT}`,
      ];
    default:
      return [NO_EFFECT];
  }
}

function acceptedWords(t: Telling): string[] {
  const { judgement, before, after, settings, dir } = t;
  const words: string[] = [];
  if (t.isReopening) words.push('The connection was closed, so this SYN opens a new one in its place.');
  if (judgement === null) return words;
  const { outside, cls, cell } = judgement;
  if (t.effect === 'opens' && cls === TcpClass.ACK)
    words.push('Picked up in mid-stream: the window scales were not seen, so windows will not be judged.');
  if (outside !== null) {
    // Of what was picked up in mid-stream the numbers are guesses.
    if (settings[Setting.TCP_BE_LIBERAL] !== 0)
      words.push(
        ...windowWords(outside, t.positions, dir),
        'Accepted all the same, since tcp_be_liberal is 1.',
      );
    else if (t.effect !== 'opens')
      words.push(
        'It lies outside the window as far as that is known, and is accepted, since the connection was picked up in mid-stream.',
      );
  }
  if (judgement.answer === Answer.RESET)
    words.push('A RST before any answer deletes the connection at once.');
  if (before === null || after === null) return words;
  if (cell === TcpState.IGNORE)
    words.push(
      `It answers the SYN${t.ignoredSyn === 0 ? '' : ` of packet ${t.ignoredSyn}`} that was let through: the tracker was out of step, and starts again from that SYN.`,
    );
  if (cell === TcpState.SYN_SENT2 && stateOf(before) === TcpState.SYN_SENT)
    words.push('Both sides have sent a SYN: a simultaneous open.');
  if (cls === TcpClass.RST && stateOf(after) !== TcpState.CLOSE)
    words.push(
      'The RST is in the window but not where it must be to close at once: the other side will answer with a challenge, so the state stays. The timeout is that of CLOSE all the same.',
    );
  return words;
}

function expectedWords({ protocol, src, sport, dst, dport, timeoutS }: Expected): string {
  const endpoint = (address: string, port: number | null): string =>
    `${address.includes(':') ? `[${address}]` : address}:${port ?? 'any'}`;
  const name = protocolName(protocol);
  return `The helper now expects ${name === 'unknown' ? protocol : name} ${endpoint(src, sport)} → ${endpoint(dst, dport)}, for ${timeoutS} s.`;
}

export function packetWords(t: Telling): string[] {
  const { ip } = t.facts;
  const isWhole = t.isDispatched && ip?.isFragment === true;
  const whole = isWhole ? ['With this fragment the datagram was complete, and is judged as one packet.'] : [];
  return [...whole, ...outcomeWords(t), ...t.expects.map(expectedWords)];
}

function outcomeWords(t: Telling): string[] {
  switch (t.effect) {
    case 'refused':
    case 'untracked':
    case 'skipped':
    case 'dropped':
      return refusedWords(t);
    case 'ignored':
      return ignoredWords(t);
    case 'related':
      return t.facts.rows
        .filter(([name]) => name === 'it quotes')
        .map(([, text]) => `About a packet ${text}.`);
    default:
      return acceptedWords(t);
  }
}

/** Why an accepted packet set another timeout than its state has, and the setting that it came from. */
export interface TimeoutCause {
  readonly setting: Setting;
  readonly words: string;
}

/** TCP only, `window` as the packet has it; null where the timeout is the state's. */
export function timeoutCause(
  after: Int32Array,
  cls: TcpClass,
  window: number,
  timeoutMs: number,
  settings: Int32Array,
): TimeoutCause | null {
  const state = stateOf(after);
  if (state < TCP_STATES && settings[state] === timeoutMs) return null;
  const repeats = after[Hot.LAST] >>> Last.RETRANS_SHIFT;
  if (
    repeats >= settings[Setting.TCP_MAX_RETRANS] &&
    timeoutMs === settings[Setting.TCP_RETRANS] &&
    repeats > 0
  )
    return { setting: Setting.TCP_RETRANS, words: `the same segment ${repeats + 1} times` };
  if (cls === TcpClass.RST) return { setting: Setting.TCP_CLOSE, words: 'RST' };
  const sides = after[Hot.SIDES];
  const isWaiting = ((sides | (sides >>> Sides.FLAGS_REPLY_SHIFT)) & Side.DATA_UNACKNOWLEDGED) !== 0;
  if (isWaiting && timeoutMs === settings[Setting.TCP_UNACK])
    return { setting: Setting.TCP_UNACK, words: 'unacknowledged data' };
  if ((after[Hot.LAST] & Last.WINDOW_MASK) === 0 && timeoutMs === settings[Setting.TCP_RETRANS])
    return { setting: Setting.TCP_RETRANS, words: window === 0 ? 'window closed' : 'no window known' };
  return { setting: Setting.TCP_UNACK, words: 'unanswered' };
}
