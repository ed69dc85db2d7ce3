/**
 * Reads what aligned PER packed, as a schema (schema.ts) tells, and notes where the interesting parts are.
 *
 * As in the kernel a value inside another one's octets is bounded by the message, not by these octets, so
 * that a forged length can have bytes read again; the number of steps is bounded by the message's length.
 */
import { Form, type Type, UNBOUNDED } from './schema.ts';

/** Words of a note. */
export enum Note {
  ROLE = 0,
  NAME = 1,
  /** Of a NUMBER its value, int32; of all others where it starts in the bytes. */
  AT = 2,
  WORDS = 3,
}

/** More than any message can have: 30 channels of fastStart, 4 of tunnelled control, and addresses. */
const NOTES_MAX = 512;
/** Parts read for each octet of the message: a bit is the smallest, and most are absent options. */
const STEPS_PER_OCTET = 32;
const STEPS_MIN = 256;
/** Components that an extension or a bitmap can have. */
const BITMAP_MAX = 32;

export interface PerReader {
  /** Notes of the last message, oldest first. */
  readonly notes: Int32Array;
  /** How many there are. */
  count(): number;
  /** Reads bytes[start] to bytes[end - 1]. False: malformed, then the notes are of no use. */
  read(type: Type, bytes: Uint8Array, start: number, end: number): boolean;
}

/** Thread: ingest. Cost: a step for each part, at most STEPS_PER_OCTET for each octet; no allocation. */
export function createPerReader(): PerReader {
  const notes = new Int32Array(NOTES_MAX * Note.WORDS);
  let count = 0;
  let data = new Uint8Array(0);
  let end = 0;
  /** Byte, and bits of it that were read. */
  let at = 0;
  let bit = 0;
  let steps = 0;
  /** Noting is off for items that are one too many. */
  let muted = 0;

  // ---- Bits ----

  /** Whether so many bits are left. */
  const has = (bitCount: number): boolean => at + ((bit + bitCount + 7) >>> 3) <= end;

  function take(bitCount: number): number {
    let value = 0;
    for (let left = bitCount; left > 0; ) {
      const here = Math.min(left, 8 - bit);
      value = (value << here) | ((data[at] >>> (8 - bit - here)) & ((1 << here) - 1));
      pass(here);
      left -= here;
    }
    return value >>> 0;
  }

  function pass(bitCount: number): void {
    bit += bitCount;
    at += bit >>> 3;
    bit &= 7;
  }

  function align(): void {
    if (bit !== 0) at++;
    bit = 0;
  }

  /** A length without bounds; -1 when it is not there. Two octets must be left, though it may need but one. */
  function takeLength(): number {
    align();
    if (at + 2 > end) return -1;
    const first = data[at++];
    return (first & 0x80) === 0 ? first : ((first & 0x3f) << 8) | data[at++];
  }

  function note(role: number, name: number, where: number): void {
    if (muted > 0 || count === NOTES_MAX) return;
    const n = count++ * Note.WORDS;
    notes[n + Note.ROLE] = role;
    notes[n + Note.NAME] = name;
    notes[n + Note.AT] = where;
  }

  // ---- Parts: false for what is malformed ----

  function readPart(type: Type, outerRole: number): boolean {
    if (--steps < 0) return false;
    const role = type.role === 0 ? outerRole : type.role;
    switch (type.form) {
      case Form.NOTHING:
      case Form.END:
      case Form.UNKNOWN:
        break;
      case Form.BITS:
        return skipBits(type.bits);
      case Form.ALIGNED_BITS:
        align();
        return skipBits(type.bits);
      case Form.NUMBER:
        return readNumber(type, role);
      case Form.FIXED_ITEMS:
        return readItems(type, type.fixed, role);
      case Form.ITEMS:
        return readItems(type, takeItemCount(type), role);
      case Form.SEQUENCE:
        if (type.note !== 0) note(role, type.note, at);
        return readSequence(type, role);
      case Form.CHOICE:
        return readChoice(type, role);
      case Form.LIST:
        return readList(type, role);
      case Form.OPEN:
        return type.inner !== null && readOpen(type.inner, role);
    }
    if (type.note !== 0) note(role, type.note, at);
    return true;
  }

  function skipBits(bitCount: number): boolean {
    if (!has(bitCount)) return false;
    pass(bitCount);
    return true;
  }

  function readNumber(type: Type, role: number): boolean {
    if (!has(type.bits)) return false;
    const octets = take(type.bits) + 1;
    align();
    if (at + octets > end) return false;
    const value = take(octets * 8);
    if (type.note === 0) return true;
    note(role, type.note, (value + type.fixed) | 0);
    // The kernel passes over the octets of a number that it notes twice.
    return skipBits(octets * 8);
  }

  function takeItemCount(type: Type): number {
    if (type.lengthBits === UNBOUNDED) return takeLength();
    // ONE_OCTET, TWO_OCTETS.
    if (type.lengthBits < 0) align();
    const bitCount = Math.abs(type.lengthBits);
    return has(bitCount) ? take(bitCount) + type.lengthMin : -1;
  }

  function readItems(type: Type, items: number, role: number): boolean {
    if (items < 0) return false;
    if (type.isAligned) align();
    if (type.note !== 0) note(role, type.note, at);
    return skipBits(items * type.bits);
  }

  function readSequence(type: Type, role: number): boolean {
    if (!has((type.isExtensible ? 1 : 0) + type.optionBits)) return false;
    const hasAdditions = type.isExtensible && take(1) === 1;
    const present = take(type.optionBits);
    let option = type.optionBits;
    for (const part of type.root) {
      if (part.form === Form.END) return true;
      if (part.isOptional && ((present >>> --option) & 1) === 0) continue;
      if (part.form === Form.UNKNOWN) return true;
      if (!readPart(part, role)) return false;
    }
    return !hasAdditions || readAdditions(type, role);
  }

  /** Which additions there are. The kernel does not shift a bitmap that ends 32 bits behind its first octet. */
  function takeAdditions(size: number): number {
    const before = bit;
    const present = take(size);
    if (before === 0 || before + size !== BITMAP_MAX) return present;
    const first = at - BITMAP_MAX / 8;
    const word = (data[first] << 24) | (data[first + 1] << 16) | (data[first + 2] << 8) | data[first + 3];
    return word >>> (BITMAP_MAX - size);
  }

  function readAdditions(type: Type, role: number): boolean {
    if (!has(7)) return false;
    const size = take(7) + 1;
    if (size > BITMAP_MAX || !has(size)) return false;
    const present = takeAdditions(size);
    align();
    for (let i = 0; i < size; i++) {
      const part = i < type.additions.length ? type.additions[i] : null;
      if (part?.form === Form.END) return true;
      // Of additions that it does not know the kernel passes over those that are not there, too.
      if (part !== null && ((present >>> (size - 1 - i)) & 1) === 0) continue;
      if (!(part?.isInteresting ? readOpen(part, role) : skipOpen())) return false;
    }
    return true;
  }

  function readChoice(type: Type, role: number): boolean {
    if (!has(1)) return false;
    if (type.isExtensible && take(1) === 1) {
      if (!has(7)) return false;
      const index = take(7);
      const part = index < type.additions.length ? type.additions[index] : null;
      if (part?.form === Form.END) return true;
      return part?.isInteresting ? readOpen(part, role) : skipOpen();
    }
    if (!has(type.optionBits)) return false;
    const index = take(type.optionBits);
    if (index >= type.root.length) return false;
    return readPart(type.root[index], role);
  }

  /** Items that are one too many are read, but nothing is noted of them. */
  function readList(type: Type, role: number): boolean {
    const length = takeLength();
    const item = type.inner;
    if (length < 0 || item === null) return false;
    const inside = muted === 0 && item.form === Form.OPEN ? item.inner : null;
    for (let i = 0; i < length; i++) {
      if (i >= type.keep) muted++;
      const isRead = inside === null ? readPart(item, role) : readInside(inside, role);
      if (i >= type.keep) muted--;
      if (!isRead) return false;
    }
    return true;
  }

  function skipOpen(): boolean {
    const length = takeLength();
    return length >= 0 && skipBits(length * 8);
  }

  /** Of what is not noted the octets are passed over. */
  const readOpen = (inner: Type, role: number): boolean => (muted > 0 ? skipOpen() : readInside(inner, role));

  function readInside(inner: Type, role: number): boolean {
    const length = takeLength();
    if (length < 0 || at + length > end) return false;
    const behind = at + length;
    if (!readPart(inner, role)) return false;
    at = behind;
    bit = 0;
    return true;
  }

  return {
    notes,
    count: () => count,
    read(type, bytes, start, stop) {
      data = bytes as Uint8Array<ArrayBuffer>;
      at = start;
      bit = 0;
      end = stop;
      count = 0;
      muted = 0;
      steps = STEPS_MIN + (stop - start) * STEPS_PER_OCTET;
      return readPart(type, 0);
    },
  };
}
