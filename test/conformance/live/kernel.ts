/** The running kernel's verdicts, through the recorder of the shared collection. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrace, type TraceRow } from '../../../src/kernel/compare/trace.ts';
import { SHARED } from '../places.ts';

/** Debian's own Python: the recorder needs its python3-nftables and python3-scapy. */
const PYTHON = '/usr/bin/python3';
const RECORDER = join(SHARED, 'oracle', 'oracle.py');
const SECONDS_MAX = 60;

/** For `skip` of node:test. */
export function kernelMissing(): string | false {
  if (process.getuid?.() !== 0) return 'not root: the kernel cannot be asked';
  try {
    accessSync(RECORDER);
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch (error) {
    return `the kernel cannot be asked: ${error instanceof Error ? error.message : String(error)}`;
  }
  const needed = [
    ['conntrack', '--version'],
    ['nft', '--version'],
    ['ip', '-V'],
    ['sysctl', '--version'],
    ['unshare', '-n', 'true'],
    [PYTHON, '-c', 'import nftables, scapy.utils'],
  ];
  for (const [program, ...args] of needed) {
    if (spawnSync(program, args).status !== 0) return `does not work here: ${[program, ...args].join(' ')}`;
  }
  return false;
}

/** Errors: throws when the recorder fails. */
export function askKernel(
  capture: Uint8Array,
  folder: string,
  tableLines: number,
  options: readonly string[] = [],
): TraceRow[] {
  const file = join(folder, 'packets.pcap');
  writeFileSync(file, capture);
  const run = spawnSync(PYTHON, [RECORDER, file, '--no-helpers', '--tab', String(tableLines), ...options], {
    encoding: 'utf8',
    timeout: SECONDS_MAX * 1000,
    maxBuffer: 1 << 29,
  });
  if (run.status !== 0) throw new Error(`${RECORDER} failed: ${run.error ?? run.stderr.slice(-500)}`);
  return parseTrace(run.stdout);
}
