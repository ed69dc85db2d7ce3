/** What fuzzing starts from: hand-made packets in every link form, and packets of the captures at hand. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { ReadStatus, Rec } from '../../src/ingest/reader.ts';
import { LinkType } from '../../src/packet/link.ts';
import type { Random } from '../support/random.ts';
import { SAMPLES } from './corpus.ts';
import { LINK_FORMS } from './link-forms.ts';
import { inEthernet, inTunnel, type Load, TUNNEL_FORMS } from './tunnel-forms.ts';

export interface Seed {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

const FOLDERS = ['examples/captures', 'test/fixtures/captures'];
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const PACKETS_PER_FILE = 150;
const PACKET_BYTES_MAX = 1600;

export function handMadeSeeds(): Seed[] {
  const seeds: Seed[] = [];
  for (const { frame, linkType } of SAMPLES) {
    if (linkType !== LinkType.RAW) seeds.push({ linkType, bytes: Uint8Array.from(frame) });
    const version = frame.length > 0 ? frame[0] >>> 4 : 0;
    for (const form of linkType === LinkType.RAW ? LINK_FORMS : []) {
      if (form.versions.includes(version)) {
        seeds.push({ linkType: form.linkType, bytes: Uint8Array.from(form.wrap(frame)) });
      }
    }
  }
  return seeds;
}

/** Each tunnel with some options around packets of both versions, alone and in one another. */
export function tunnelSeeds(random: Random): Seed[] {
  const seeds: Seed[] = [];
  const loads = SAMPLES.filter(({ frame, linkType }) => linkType === LinkType.RAW && frame.length >= 20);
  for (const form of TUNNEL_FORMS) {
    for (let i = 0; i < 12; i++) {
      const { frame } = random.pick(loads);
      let load: Load = { type: frame[0] >>> 4 === 6 ? 'ipv6' : 'ipv4', bytes: frame };
      // One has more tunnels than are taken off.
      for (let around = i === 0 ? 8 : i % 3; around > 0; around--)
        load = inTunnel(load, random.pick(TUNNEL_FORMS), random.word(), random);
      load = inTunnel(load, form, random.word(), random);
      const isFramed = i % 2 === 0;
      const bytes = Uint8Array.from(isFramed ? inEthernet(load).bytes : load.bytes);
      seeds.push({ linkType: isFramed ? LinkType.ETHERNET : LinkType.RAW, bytes });
    }
  }
  return seeds;
}

/** Captures that are kept in the repository, not the largest. */
export function captureFiles(): string[] {
  return FOLDERS.filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((path) => /\.(pcap|pcapng|cap)(\.gz)?$/.test(path) && statSync(path).size <= FILE_BYTES_MAX)
    .sort();
}

export const readCaptureFile = (path: string, bytesMax: number): Uint8Array =>
  new Uint8Array(readFileSync(path).subarray(0, bytesMax));

/** The first packets of a capture. */
async function packetsOf(path: string): Promise<Seed[]> {
  const reader = await openCapture(path);
  const seeds: Seed[] = [];
  while (seeds.length < PACKETS_PER_FILE) {
    const status = reader.next();
    if (status === ReadStatus.END) break;
    if (status === ReadStatus.NEED_BYTES) {
      await reader.fill();
      continue;
    }
    const offset = reader.record[Rec.OFFSET];
    const length = Math.min(reader.record[Rec.CAPTURE_LENGTH], PACKET_BYTES_MAX);
    seeds.push({
      linkType: reader.record[Rec.LINK_TYPE],
      bytes: reader.bytes.slice(offset, offset + length),
    });
  }
  await reader.close();
  return seeds;
}

export async function allSeeds(): Promise<Seed[]> {
  const seeds = handMadeSeeds();
  for (const path of captureFiles()) seeds.push(...(await packetsOf(path)));
  return seeds.filter(({ bytes }) => bytes.length > 0);
}
