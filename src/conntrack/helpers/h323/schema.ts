/**
 * A small language for ASN.1 types as aligned PER packs them. A type says how many bits it takes and
 * which of its parts are of interest; reader.ts interprets it. What no connection depends on has no name.
 *
 * Source: ITU-T X.691 (BASIC-PER, ALIGNED)
 */

export enum Form {
  NOTHING = 0,
  /** A field of `bits` bits. */
  BITS = 1,
  /** `bits` bits from a byte boundary on. */
  ALIGNED_BITS = 2,
  /** A length in octets in a field of `bits` bits, counted from 1, and a number from a byte boundary on, which is `fixed` less than it should be. */
  NUMBER = 3,
  /** `fixed` items of `bits` bits. */
  FIXED_ITEMS = 4,
  /** A length, and as many items of `bits` bits. */
  ITEMS = 5,
  SEQUENCE = 6,
  CHOICE = 7,
  /** A length, and as many times `inner`. */
  LIST = 8,
  /** A length in octets, and in them a value of type `inner`. */
  OPEN = 9,
  /** Here the sequence is left, as the kernel leaves it: what it is part of is read on from here. */
  END = 10,
  /** Not described: where it is there, the sequence is left. */
  UNKNOWN = 11,
}

/** How many octets a length takes that has no bound. */
export const UNBOUNDED = -1;
/** The same of one from a byte boundary on that has more values than a field of bits. */
export const ONE_OCTET = -8;
export const TWO_OCTETS = -16;

export interface Type {
  readonly form: Form;
  readonly bits: number;
  readonly fixed: number;
  /** Bits of the length; UNBOUNDED, ONE_OCTET, TWO_OCTETS. */
  readonly lengthBits: number;
  /** What is added to a length as read. */
  readonly lengthMin: number;
  /** The items start at a byte boundary. */
  readonly isAligned: boolean;
  readonly isExtensible: boolean;
  readonly isOptional: boolean;
  /** The components of a SEQUENCE or the alternatives of a CHOICE, those of its extension apart. */
  readonly root: readonly Type[];
  readonly additions: readonly Type[];
  /** Optional components of the root; of a CHOICE the bits of the index. */
  readonly optionBits: number;
  readonly inner: Type | null;
  /** Of a LIST: items beyond these are read, but not noted. */
  readonly keep: number;
  /** What an interesting part of it is for; 0: as for what it is part of. */
  readonly role: number;
  /** It is interesting itself: noted by this name; 0 for no. */
  readonly note: number;
  /** It or a part of it is interesting. */
  readonly isInteresting: boolean;
}

const PLAIN: Type = {
  form: Form.NOTHING,
  bits: 0,
  fixed: 0,
  lengthBits: 0,
  lengthMin: 0,
  isAligned: false,
  isExtensible: false,
  isOptional: false,
  root: [],
  additions: [],
  optionBits: 0,
  inner: null,
  keep: 0,
  role: 0,
  note: 0,
  isInteresting: false,
};

/** Bits for `count` different values. */
const bitsFor = (count: number): number => Math.ceil(Math.log2(count));

export const nothing: Type = PLAIN;
export const end: Type = { ...PLAIN, form: Form.END };
export const bits = (count: number): Type => ({ ...PLAIN, form: Form.BITS, bits: count });
export const unknown: Type = { ...PLAIN, form: Form.UNKNOWN };
export const boolean: Type = bits(1);

/** INTEGER (min..max) */
export function integer(min: number, max: number): Type {
  const count = max - min + 1;
  if (count < 256) return bits(bitsFor(count));
  if (count === 256) return { ...PLAIN, form: Form.ALIGNED_BITS, bits: 8 };
  if (count <= 65_536) return { ...PLAIN, form: Form.ALIGNED_BITS, bits: 16 };
  const octets = Math.ceil(bitsFor(count) / 8);
  return { ...PLAIN, form: Form.NUMBER, bits: bitsFor(octets), fixed: min };
}

/** Bits of a length with so many values. */
function lengthBitsFor(count: number): number {
  if (count < 256) return bitsFor(count);
  return count === 256 ? ONE_OCTET : TWO_OCTETS;
}

/** Strings up to so many bits need no boundary. */
const UNALIGNED_BITS_MAX = 16;

function items(itemBits: number, min: number, max: number): Type {
  const isAligned = max === UNBOUNDED || max * itemBits > UNALIGNED_BITS_MAX;
  if (min === max) return { ...PLAIN, form: Form.FIXED_ITEMS, bits: itemBits, fixed: min, isAligned };
  const count = max - min + 1;
  const lengthBits = max === UNBOUNDED ? UNBOUNDED : lengthBitsFor(count);
  return { ...PLAIN, form: Form.ITEMS, bits: itemBits, lengthBits, lengthMin: min, isAligned };
}

/** OCTET STRING; without `max` of just this size, without both of any. */
export const octets = (min = 0, max = min === 0 ? UNBOUNDED : min): Type => items(8, min, max);
export const bitString = (min: number, max: number): Type => items(1, min, max);
export const bmpString = (min: number, max: number): Type => items(16, min, max);
/** Strings of digits and at most six other characters. */
export const digits = (min: number, max: number): Type => items(4, min, max);
/** Its length has one octet, as in the kernel: none is longer than 127. */
export const objectIdentifier: Type = { ...octets(), lengthBits: ONE_OCTET };
/** INTEGER without bounds */
export const anyInteger: Type = octets();

const isInteresting = (types: readonly Type[]): boolean => types.some((type) => type.isInteresting);

/** With `additions`, even empty ones, it is extensible. What comes behind those that are named is passed over. */
export function sequence(root: readonly Type[], additions: readonly Type[] | null = null): Type {
  return {
    ...PLAIN,
    form: Form.SEQUENCE,
    root,
    additions: additions ?? [],
    isExtensible: additions !== null,
    optionBits: root.filter((type) => type.isOptional).length,
    isInteresting: isInteresting(root) || isInteresting(additions ?? []),
  };
}

export function choice(root: readonly Type[], additions: readonly Type[] | null = null): Type {
  return {
    ...PLAIN,
    form: Form.CHOICE,
    root,
    additions: additions ?? [],
    isExtensible: additions !== null,
    optionBits: bitsFor(root.length),
    isInteresting: isInteresting(root) || isInteresting(additions ?? []),
  };
}

/** SEQUENCE OF */
export const listOf = (inner: Type, keep = 0): Type => ({
  ...PLAIN,
  form: Form.LIST,
  inner,
  keep,
  isInteresting: inner.isInteresting,
});

/** OCTET STRING with a value in it. */
export const containing = (inner: Type): Type => ({
  ...PLAIN,
  form: Form.OPEN,
  inner,
  isInteresting: inner.isInteresting,
});

export const optional = (type: Type): Type => ({ ...type, isOptional: true });
export const inRole = (role: number, type: Type): Type => ({ ...type, role });
export const noted = (note: number, type: Type): Type => ({ ...type, note, isInteresting: true });

/** So many times the same in a row. */
export const times = (count: number, type: Type): Type[] => new Array<Type>(count).fill(type);
