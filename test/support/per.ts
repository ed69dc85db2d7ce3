/** Writes aligned PER bit by bit, for messages of tests. Knows nothing of the reader under test. */
/** Writes a value behind what was written. */
export type Write = (w: PerWriter) => unknown;

export class PerWriter {
  private readonly bitsWritten: number[] = [];

  /** `count` bits of a number. */
  bits(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.bitsWritten.push(Math.floor(value / 2 ** i) % 2);
    return this;
  }

  /** A bit for each of them. */
  flags(...values: readonly (boolean | number | undefined | object)[]): this {
    for (const value of values) this.bits(value === undefined || value === false || value === 0 ? 0 : 1, 1);
    return this;
  }

  align(): this {
    while (this.bitsWritten.length % 8 !== 0) this.bitsWritten.push(0);
    return this;
  }

  /** Octets from a boundary on. */
  octets(bytes: readonly number[] | Uint8Array): this {
    this.align();
    for (const byte of bytes) this.bits(byte, 8);
    return this;
  }

  u16(value: number): this {
    return this.align().bits(value, 16);
  }

  /** A length without bounds. */
  length(value: number): this {
    this.align();
    return value < 128 ? this.bits(value, 8) : this.bits(0x8000 + value, 16);
  }

  /** Octets behind their length. */
  string(bytes: readonly number[] | Uint8Array): this {
    return this.length(bytes.length).octets(bytes);
  }

  /** INTEGER (min..4294967295): its octets behind two bits of their number. */
  word(value: number, min = 0): this {
    const number = value - min;
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256);
    while (bytes.length > 1 && bytes[0] === 0) bytes.shift();
    return this.bits(bytes.length - 1, 2).octets(bytes);
  }

  /** Bits for the additions of an extension, and each that is there behind its length. */
  additions(values: readonly (Write | undefined)[]): this {
    this.bits(values.length - 1, 7);
    this.flags(...values);
    for (const value of values) if (value !== undefined) this.string(new PerWriter().with(value).bytes());
    return this;
  }

  /** An alternative of an extension behind its length. */
  extra(index: number, value: Write): this {
    return this.flags(1).bits(index, 7).string(new PerWriter().with(value).bytes());
  }

  with(write: Write): this {
    write(this);
    return this;
  }

  /** What was written; at least one octet, as an outermost value has. */
  bytes(): Uint8Array {
    const copy = [...this.bitsWritten];
    while (copy.length % 8 !== 0 || copy.length === 0) copy.push(0);
    const out = new Uint8Array(copy.length / 8);
    copy.forEach((bit, i) => {
      out[i >> 3] |= bit << (7 - (i & 7));
    });
    return out;
  }
}
