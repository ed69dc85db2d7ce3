/** Written by `npm run generate` from layouts.ts: do not edit. Enums, because esbuild turns their members into literals. */
/** Words of Hot. */
export enum Hot {
  LO0 = 0,
  HI0 = 1,
  L4 = 2,
  KIND = 3,
  STATUS = 4,
  DEADLINE = 5,
  FILED = 6,
  LAST_SEC = 7,
  LAST_NSEC = 8,
  CREATED = 9,
  PACKETS_ORIG = 10,
  BYTES_ORIG = 12,
  PACKETS_REPLY = 14,
  BYTES_REPLY = 16,
  END_ORIG = 18,
  MAXEND_ORIG = 19,
  MAXWIN_ORIG = 20,
  MAXACK_ORIG = 21,
  END_REPLY = 22,
  MAXEND_REPLY = 23,
  MAXWIN_REPLY = 24,
  MAXACK_REPLY = 25,
  SIDES = 26,
  LAST = 27,
  LAST_SEQ = 28,
  LAST_ACK = 29,
  LAST_END = 30,
  MARK = 31,
  WORDS = 32,
}

/** Words of Cold. */
export enum Cold {
  LO1 = 0,
  LO2 = 1,
  LO3 = 2,
  HI1 = 3,
  HI2 = 4,
  HI3 = 5,
  START_SEC = 6,
  START_NSEC = 7,
  NEXT = 8,
  PREV = 9,
  MASTER = 10,
  MASTER_CREATED = 11,
  WORDS = 12,
}

/** Words of Desc. */
export enum Desc {
  LO0 = 0,
  HI0 = 1,
  L4 = 2,
  KIND = 3,
  HASH = 4,
  META = 5,
  BYTES = 6,
  SEC = 7,
  NSEC = 8,
  NUMBER = 9,
  SEQ = 10,
  ACK = 11,
  WINDOW = 12,
  SACK = 13,
  LO1 = 14,
  LO2 = 15,
  LO3 = 16,
  HI1 = 17,
  HI2 = 18,
  HI3 = 19,
  WORDS = 20,
}

/** Words of Report. */
export enum Report {
  TYPE = 0,
  NUMBER = 1,
  SEC = 2,
  NSEC = 3,
  EVENTS = 4,
  VERDICT = 5,
  END = 6,
  TICK = 7,
  HOT = 8,
  COLD = 40,
  WORDS = 52,
}

/** Of all layouts together; a thread refuses memory that was laid out differently. */
export const LAYOUT_HASH = -1419634338;
