/** The running kernel's verdicts, through the recorder of the shared collection. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
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

function record(recorder: string, args: readonly string[]): string {
  const run = spawnSync(PYTHON, [recorder, ...args], {
    encoding: 'utf8',
    timeout: SECONDS_MAX * 1000,
    maxBuffer: 1 << 29,
  });
  if (run.status !== 0) throw new Error(`${recorder} failed: ${run.error ?? run.stderr.slice(-500)}`);
  return run.stdout;
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
  return parseTrace(record(RECORDER, [file, '--no-helpers', '--tab', String(tableLines), ...options]));
}

// ---- With helpers ----

/** A helper of the kernel at a port. */
export interface KernelHelper {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export interface HelperRow extends TraceRow {
  /** What `conntrack -L expect` said after the packet. */
  readonly expected: readonly string[];
}

const ROW = 'row = {"n": n, "t": now, "ct": ct[0] if len(ct) == 1 else (ct or None), "ev": e}';
const EXPECTED = [
  '    told = ["", []]',
  '    def expected():',
  '        now = open("/proc/net/nf_conntrack_expect").read()',
  '        if now != told[0]: told[:] = [now, sh(LIST).splitlines() if now else []]',
  '        return told[1]',
];
const LIST = 'conntrack -L expect 2>/dev/null; conntrack -f ipv6 -L expect 2>/dev/null; true';
const ALL_HELPERS = /^HELPERS = .*$/m;

function replaced(text: string, what: string | RegExp, by: string): string {
  const changed = text.replace(what, () => by);
  if (changed === text) throw new Error(`${RECORDER} has no ${what}`);
  return changed;
}

/** The recorder, changed so that it has these helpers and says after each packet what is expected. */
function helperRecorder(folder: string, helpers: readonly KernelHelper[]): string {
  const list = helpers.map(({ name, protocol, port }) => `("${name}","${protocol}",${port})`).join(',');
  let text = readFileSync(RECORDER, 'utf8');
  text = replaced(text, ALL_HELPERS, `HELPERS = [${list}]; LIST = "${LIST}"`);
  text = replaced(text, ROW, `${ROW}; row["exp"] = expected()`);
  text = replaced(text, '    t_prev = None\n', `${EXPECTED.join('\n')}\n    t_prev = None\n`);
  const file = join(folder, 'recorder.py');
  writeFileSync(file, text);
  return file;
}

/** Errors: throws when the recorder fails. */
export function askHelpers(
  capture: Uint8Array,
  folder: string,
  tableLines: number,
  helpers: readonly KernelHelper[],
): HelperRow[] {
  const file = join(folder, 'packets.pcap');
  writeFileSync(file, capture);
  const text = record(helperRecorder(folder, helpers), [file, '--tab', String(tableLines)]);
  const expected = new Map<number, string[]>();
  for (const line of text.split('\n')) {
    const row: { n?: number; exp?: string[] } = line === '' ? {} : JSON.parse(line);
    if (row.n !== undefined) expected.set(row.n, row.exp ?? []);
  }
  return parseTrace(text).map((row) => ({ ...row, expected: expected.get(row.n) ?? [] }));
}
