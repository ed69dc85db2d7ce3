/**
 * Addresses as text. An address is kept as 32-bit words whose most significant byte is the first on
 * the wire; whether a word is read as signed or unsigned makes no difference here.
 */

/** Eight 16-bit groups; a field of the module since formatting neither nests nor yields. */
const groups = new Uint16Array(8);

const NO_RUN = 0;

/**
 * Formats an IPv4 address.
 *
 * Shapes:  one word
 * Errors:  none
 */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/**
 * Formats an IPv6 address in the shortest form, character for character as inet_ntop does: an
 * address with an IPv4 address inside ends in dotted decimal (::ffff:192.0.2.1, ::192.0.2.1).
 *
 * Shapes:  four words, first on the wire first
 * Errors:  none
 * Source:  RFC 5952 4 and 5
 */
export function ipv6Text(w0: number, w1: number, w2: number, w3: number): string {
  if (w0 === 0 && w1 === 0 && isDotted(w2, w3))
    return w2 === 0 ? `::${ipv4Text(w3)}` : `::ffff:${ipv4Text(w3)}`;
  split(w0, w1, w2, w3);
  const run = longestZeroRun();
  if (run === NO_RUN) return joined(0, 8);
  const start = run >> 4;
  return `${joined(0, start)}::${joined(start + (run & 0xf), 8)}`;
}

/**
 * Formats an IPv6 address as the kernel's /proc files do: eight groups of four digits.
 *
 * Shapes:  four words, first on the wire first
 * Errors:  none
 */
export function ipv6FullText(w0: number, w1: number, w2: number, w3: number): string {
  return `${fullWord(w0)}:${fullWord(w1)}:${fullWord(w2)}:${fullWord(w3)}`;
}

/**
 * Brings the text of an address from any valid IPv6 form to the one of `ipv6FullText`. An IPv4 address is
 * returned as it is, so that callers need not know the family.
 *
 * Errors:  none; what is not an address is a caller's bug
 */
export function fullText(address: string): string {
  if (!address.includes(':')) return address;
  const gap = address.indexOf('::');
  if (gap < 0) return fullGroups(address);
  const head = fullGroups(address.slice(0, gap));
  const tail = fullGroups(address.slice(gap + 2));
  const zeros = '0000:'.repeat(8 - groupCount(head) - groupCount(tail));
  const front = head === '' ? zeros : `${head}:${zeros}`;
  return tail === '' ? front.slice(0, -1) : front + tail;
}

/** Whether inet_ntop ends ::w2:w3 in dotted decimal: six zero groups or five and ffff. */
function isDotted(w2: number, w3: number): boolean {
  if (w2 === 0xffff) return true;
  // ::1 and ::5a5a have seven zero groups and stay hexadecimal.
  return w2 === 0 && w3 >>> 16 !== 0;
}

function split(w0: number, w1: number, w2: number, w3: number): void {
  groups[0] = w0 >>> 16;
  groups[1] = w0;
  groups[2] = w1 >>> 16;
  groups[3] = w1;
  groups[4] = w2 >>> 16;
  groups[5] = w2;
  groups[6] = w3 >>> 16;
  groups[7] = w3;
}

/**
 * The first of the longest runs of zero groups, as start * 16 + length. A run of one is none (RFC 5952
 * 4.2.2).
 */
function longestZeroRun(): number {
  let best = NO_RUN;
  let bestLength = 1;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = groups[i] === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = (i + 1 - length) * 16 + length;
    }
  }
  return best;
}

function joined(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += i === from ? groups[i].toString(16) : `:${groups[i].toString(16)}`;
  return text;
}

function fullWord(word: number): string {
  const digits = (word >>> 0).toString(16).padStart(8, '0');
  return `${digits.slice(0, 4)}:${digits.slice(4)}`;
}

/** Pads each group of a text without "::"; a dotted ending becomes two groups. */
function fullGroups(text: string): string {
  if (text === '') return '';
  let full = '';
  for (const group of text.split(':')) {
    full += `${full === '' ? '' : ':'}${group.includes('.') ? dottedGroups(group) : group.padStart(4, '0')}`;
  }
  return full;
}

/** A full group and its colon are five characters. */
function groupCount(full: string): number {
  return Math.ceil(full.length / 5);
}

function dottedGroups(dotted: string): string {
  let digits = '';
  for (const byte of dotted.split('.')) digits += Number(byte).toString(16).padStart(2, '0');
  return `${digits.slice(0, 4)}:${digits.slice(4)}`;
}
