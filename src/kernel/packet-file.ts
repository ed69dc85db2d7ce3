/**
 * The packets of a run, on disk with the times at which the kernel had them: our tracker reads the file as it
 * reads any capture, so do `flowshard explain` and Wireshark, and single packets can be looked up again.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { CapturedPacket } from './compare/captures.ts';
import { createStamper, type StampedPacket } from './compare/stamp.ts';

export interface PacketFile {
  readonly path: string;
  append(stamped: readonly StampedPacket[]): void;
  /** By number, from 1; null when there is none. */
  packet(n: number): CapturedPacket | null;
  close(): void;
}

const GROWTH = 2;

/** Errors: those of node:fs */
export function createPacketFile(path: string): PacketFile {
  const fd = openSync(path, 'w+');
  const stamper = createStamper();
  let bytes = 0;
  let count = 0;
  let offsets = new Float64Array(1024);
  let lengths = new Uint32Array(1024);
  let linkTypes = new Uint16Array(1024);

  function grow(): void {
    const wider = <A extends Float64Array | Uint32Array | Uint16Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    const size = count * GROWTH;
    offsets = wider(offsets, new Float64Array(size));
    lengths = wider(lengths, new Uint32Array(size));
    linkTypes = wider(linkTypes, new Uint16Array(size));
  }

  return {
    path,
    append(stamped) {
      const written = stamper(stamped);
      for (const [i, { packet }] of stamped.entries()) {
        if (count === offsets.length) grow();
        offsets[count] = bytes + written.offsets[i];
        lengths[count] = written.lengths[i];
        linkTypes[count] = packet.linkType;
        count++;
      }
      bytes += written.bytes.length;
      for (let at = 0; at < written.bytes.length; ) at += writeSync(fd, written.bytes, at);
    },
    packet(n) {
      if (n < 1 || n > count) return null;
      const data = new Uint8Array(lengths[n - 1]);
      readSync(fd, data, 0, data.length, offsets[n - 1]);
      return { n, linkType: linkTypes[n - 1], wireLength: data.length, data };
    },
    close: () => closeSync(fd),
  };
}
