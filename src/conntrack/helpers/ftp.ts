/**
 * FTP: PORT and EPRT of the client, 227 (PASV) and 229 (EPSV) of the server foretell the data connection.
 *
 * A line is read only where a line starts: at a sequence number that followed a newline. The first
 * line of either side is therefore never read, nor is the rest of a command that was split.
 *
 * Source: RFC 959, RFC 2428; the rules about lines and partial commands are the kernel's
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { Setting } from '../settings.ts';
import { parseIpv4, parseIpv6 } from './addresses.ts';
import { expectFromPeer } from './foretell.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';

const CR = 13;
const LF = 10;
const SPACE = 32;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const OPEN_BRACKET = 40;

/** Words of a connection's state, for each direction. */
enum Line {
  /** Sequence numbers that followed a newline, two at most. */
  SEQ = 0,
  COUNT = 2,
  WORDS = 3,
}

/** The number forms. */
enum Form {
  /** a,b,c,d,p,q */
  COMMAS = 0,
  /** |1|a.b.c.d|port| */
  EXTENDED_ADDRESS = 1,
  /** |||port| */
  EXTENDED_PORT = 2,
}

interface Pattern {
  readonly dir: number;
  /** In lower case. */
  readonly word: Uint8Array;
  /** The numbers start after this byte; null: at the first digit. */
  readonly skipTo: number | null;
  readonly form: Form;
  /** Byte that must end the commas; null: any. */
  readonly terminator: number | null;
}

const pattern = (
  dir: number,
  word: string,
  skipTo: number | null,
  form: Form,
  terminator: number | null = null,
): Pattern => ({ dir, word: new TextEncoder().encode(word), skipTo, form, terminator });

const PATTERNS: readonly Pattern[] = [
  pattern(0, 'port', SPACE, Form.COMMAS, CR),
  pattern(0, 'eprt', SPACE, Form.EXTENDED_ADDRESS),
  pattern(1, '227 ', null, Form.COMMAS),
  pattern(1, '229 ', OPEN_BRACKET, Form.EXTENDED_PORT),
];

enum Match {
  NONE = 0,
  PARTIAL = 1,
  FOUND = 2,
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

export const ftp: Helper = {
  number: HelperNumber.FTP,
  protocols: [Protocol.TCP],
  families: ['ipv4', 'ipv6'],
  port: 21,
  isDefault: true,
  classes: [{ name: '', max: 1, timeoutS: 300 }],
  payloadMax: 65_535,
  create,
};

function create(context: HelperContext): HelperReader {
  /** What was announced: the address (the sender's own, where there was none) and the port. */
  const announced = new Int32Array(4);
  let port = 0;
  const own = new Int32Array(4);

  // ---- Lines ----

  function startsLine(m: Message): boolean {
    const line = m.s + m.dir * Line.WORDS;
    for (let i = 0; i < m.state[line + Line.COUNT]; i++)
      if (m.state[line + Line.SEQ + i] === m.seq) return true;
    return false;
  }

  /** Remembers where the next line starts, if this payload ends one. Of two places the older one gives way. */
  function noteLine(m: Message): void {
    if (m.bytes[m.end - 1] !== LF) return;
    const line = m.s + m.dir * Line.WORDS;
    const { state } = m;
    const next = (m.seq + m.end - m.start) | 0;
    const count = state[line + Line.COUNT];
    let oldest = 0;
    for (let i = 0; i < count; i++) {
      if (state[line + Line.SEQ + i] === next) return;
      if (((state[line + Line.SEQ + i] - state[line + Line.SEQ + oldest]) | 0) < 0) oldest = i;
    }
    if (count < 2) {
      state[line + Line.SEQ + count] = next;
      state[line + Line.COUNT] = count + 1;
    } else if (((next - state[line + Line.SEQ + oldest]) | 0) > 0) {
      state[line + Line.SEQ + oldest] = next;
    }
  }

  // ---- Numbers ----

  /** `a,b,c,d,p,q`: no limit on a number, as in the kernel: what is too big spills over. Ends at the terminator. */
  function readCommas(bytes: Uint8Array, at: number, end: number, terminator: number | null): boolean {
    let index = 0;
    let value = 0;
    let address = 0;
    let high = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      if (isDigit(byte)) {
        value = (Math.imul(value, 10) + byte - ZERO) | 0;
      } else if (byte === COMMA) {
        if (index === 5) return false;
        if (index < 4) address |= value << (24 - index * 8);
        else high = value;
        index++;
        value = 0;
      } else if (index === 5 && (terminator === null || byte === terminator)) {
        announced[0] = address;
        port = ((high << 8) | value) & 0xffff;
        return true;
      } else {
        return false;
      }
    }
    return false;
  }

  /** Decimal digits up to the delimiter; the port wraps at 16 bits and must not be 0. */
  function readPort(bytes: Uint8Array, at: number, end: number, delimiter: number): boolean {
    let value = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      if (byte === delimiter) {
        port = value;
        return value !== 0;
      }
      if (!isDigit(byte)) return false;
      value = (value * 10 + byte - ZERO) & 0xffff;
    }
    return false;
  }

  const isDelimiter = (byte: number): boolean => byte >= 33 && byte <= 126 && !isDigit(byte);

  /** `|2|2001:db8::1|1025|` with any delimiter. */
  function readExtendedAddress(m: Message, at: number): boolean {
    const { bytes, end } = m;
    // A delimiter, a digit, a delimiter.
    if (end - at <= 3) return false;
    const delimiter = bytes[at];
    if (!isDelimiter(delimiter) || bytes[at + 2] !== delimiter) return false;
    if (bytes[at + 1] !== ZERO + (m.isIpv6 ? 2 : 1)) return false;
    const from = at + 3;
    const length = m.isIpv6
      ? parseIpv6(bytes, from, end, delimiter, announced)
      : parseIpv4(bytes, from, end, delimiter, announced);
    if (length === 0) return false;
    return readPort(bytes, from + length + 1, end, delimiter);
  }

  /** `|||1025|` with any delimiter. */
  function readExtendedPort(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at <= 3) return false;
    const delimiter = bytes[at];
    if (!isDelimiter(delimiter) || bytes[at + 1] !== delimiter || bytes[at + 2] !== delimiter) return false;
    return readPort(bytes, at + 3, end, delimiter);
  }

  // ---- Commands ----

  function matchPattern(m: Message, p: Pattern): Match {
    const { bytes, start, end } = m;
    const length = end - start;
    const common = Math.min(length, p.word.length);
    for (let i = 0; i < common; i++) {
      const byte = bytes[start + i];
      const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
      if (lower !== p.word[i]) return Match.NONE;
    }
    if (length <= p.word.length) return Match.PARTIAL;
    let at = start + p.word.length;
    while (at < end && (p.skipTo === null ? !isDigit(bytes[at]) : bytes[at] !== p.skipTo)) at++;
    if (at === end) return Match.PARTIAL;
    if (p.skipTo !== null) at++;
    return readNumbers(m, p, at) ? Match.FOUND : Match.PARTIAL;
  }

  function readNumbers(m: Message, p: Pattern, at: number): boolean {
    if (p.form === Form.COMMAS) return readCommas(m.bytes, at, m.end, p.terminator);
    if (p.form === Form.EXTENDED_ADDRESS) return readExtendedAddress(m, at);
    return readExtendedPort(m.bytes, at, m.end);
  }

  function command(m: Message): HelperVerdict {
    context.source(m.dir, own);
    announced.set(own);
    for (const p of PATTERNS) {
      if (p.dir !== m.dir) continue;
      const match = matchPattern(m, p);
      if (match === Match.PARTIAL) return HelperVerdict.PARTIAL;
      if (match === Match.FOUND) return foretell(m);
    }
    return HelperVerdict.ACCEPT;
  }

  /** The data connection comes from the other side of the control connection to the one that speaks. */
  function foretell(m: Message): HelperVerdict {
    const isForeign = announced.some((word, i) => word !== own[i]);
    if (!isForeign) return expectFromPeer(context, m, m.dir, Protocol.TCP, port);
    // The address of a third host is believed only when asked to.
    if (context.settings[Setting.FTP_LOOSE] === 0) return HelperVerdict.ACCEPT;
    return expectFromPeer(context, m, m.dir, Protocol.TCP, port, announced);
  }

  return {
    message(m) {
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      if (m.start >= m.end) return HelperVerdict.ACCEPT;
      if (startsLine(m)) {
        const verdict = command(m);
        // It is to come again, whole.
        if (verdict === HelperVerdict.PARTIAL) return verdict;
        noteLine(m);
        return verdict;
      }
      noteLine(m);
      return HelperVerdict.ACCEPT;
    },
  };
}
