/**
 * Filters that the kernel runs before a packet gets into the ring: programs of 8-byte instructions. A
 * tcpdump expression is compiled by libpcap, where that is installed; the other two are written here.
 */
import { OptionError } from '../common/errors.ts';
import type { Pointer } from '../linux/ffi.ts';
import { LinkType } from '../packet/link.ts';
import { errnoText, type Libc, SOL_SOCKET, SocketOption } from './libc.ts';
import { LiveError } from './live-error.ts';

const OPTION = '--filter';
const LIBRARIES = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'];
const PACKAGE_ADVICE =
  'install libpcap (Debian, Ubuntu: libpcap0.8 or libpcap0.8t64; Fedora, RHEL, Alpine, Arch: libpcap), or leave --filter away';

/** LINKTYPE_RAW as libpcap's own number on Linux. */
const DLT_RAW = 12;
const DLT_ETHERNET = 1;
const NETMASK_UNKNOWN = 0xffff_ffff;
const ERROR_BYTES = 256;
/** Of the ring that libpcap makes and never uses. */
const SCRATCH_RING_BYTES = 64 << 10;

const INSTRUCTION_BYTES = 8;
const INSTRUCTIONS_MAX = 4096;
/** Take so many bytes of every packet. */
const RETURN = 0x06;

export type FilterProgram = Uint8Array;

const returning = (bytes: number): FilterProgram => {
  const program = new Uint8Array(INSTRUCTION_BYTES);
  new Uint16Array(program.buffer)[0] = RETURN;
  new Uint32Array(program.buffer)[1] = bytes;
  return program;
};

/** Lets nothing in: while a socket is set up, and when the last packets are drained. */
export const dropAll = (): FilterProgram => returning(0);

interface Pcap {
  pcap_create(device: string, errors: Uint8Array): Pointer | null;
  pcap_set_snaplen(handle: Pointer, bytes: number): number;
  pcap_set_buffer_size(handle: Pointer, bytes: number): number;
  pcap_activate(handle: Pointer): number;
  pcap_datalink(handle: Pointer): number;
  pcap_open_dead(linkType: number, snaplen: number): Pointer | null;
  pcap_compile(
    handle: Pointer,
    program: Uint8Array,
    expression: string,
    optimize: number,
    netmask: number,
  ): number;
  pcap_geterr(handle: Pointer): string;
  pcap_freecode(program: Uint8Array): void;
  pcap_close(handle: Pointer): void;
}

const DECLARATIONS: Readonly<Record<keyof Pcap, string>> = {
  pcap_create: 'void *pcap_create(const char *device, _Out_ uint8_t *errors)',
  pcap_set_snaplen: 'int pcap_set_snaplen(void *handle, int bytes)',
  pcap_set_buffer_size: 'int pcap_set_buffer_size(void *handle, int bytes)',
  pcap_activate: 'int pcap_activate(void *handle)',
  pcap_datalink: 'int pcap_datalink(void *handle)',
  pcap_open_dead: 'void *pcap_open_dead(int link_type, int snaplen)',
  pcap_compile:
    'int pcap_compile(void *handle, _Out_ uint8_t *program, const char *expression, int optimize, uint32_t netmask)',
  pcap_geterr: 'const char *pcap_geterr(void *handle)',
  pcap_freecode: 'void pcap_freecode(_Inout_ uint8_t *program)',
  pcap_close: 'void pcap_close(void *handle)',
};

export interface FilterRequest {
  /** A tcpdump expression; empty for all packets. */
  readonly expression: string;
  /** Bytes of each packet that are wanted. */
  readonly snaplen: number;
  readonly interfaceName: string;
  readonly linkType: LinkType;
}

/**
 * Errors: OptionError with libpcap's words when the expression is wrong; LiveError when libpcap is not installed
 */
export function compileFilter(libc: Libc, request: FilterRequest): FilterProgram {
  if (request.expression.trim() === '') return returning(request.snaplen);
  const pcap = libc.ffi.library<Pcap>(LIBRARIES, DECLARATIONS);
  if (pcap === null)
    throw new LiveError(OPTION, 'libpcap, which compiles expressions, is not installed', PACKAGE_ADVICE);
  const handle = openHandle(pcap, request);
  try {
    return compile(libc, pcap, handle, request);
  } finally {
    pcap.pcap_close(handle);
  }
}

/**
 * Only a handle that is live knows that the kernel keeps VLAN tags apart from the frame, which `vlan` in an
 * expression needs. Where it cannot be had the expression is compiled for frames as they stand.
 */
function openHandle(pcap: Pcap, request: FilterRequest): Pointer {
  const isEthernet = request.linkType === LinkType.ETHERNET;
  const live = isEthernet ? pcap.pcap_create(request.interfaceName, new Uint8Array(ERROR_BYTES)) : null;
  if (live !== null) {
    pcap.pcap_set_snaplen(live, request.snaplen);
    pcap.pcap_set_buffer_size(live, SCRATCH_RING_BYTES);
    if (pcap.pcap_activate(live) >= 0 && pcap.pcap_datalink(live) === DLT_ETHERNET) return live;
    pcap.pcap_close(live);
  }
  const dead = pcap.pcap_open_dead(isEthernet ? DLT_ETHERNET : DLT_RAW, request.snaplen);
  if (dead === null) throw new LiveError(OPTION, 'libpcap has no memory', 'give it more');
  return dead;
}

function compile(libc: Libc, pcap: Pcap, handle: Pointer, request: FilterRequest): FilterProgram {
  // struct bpf_program: the number of instructions, and where they are.
  const program = new Uint8Array(16);
  const refuse = (why: string): OptionError =>
    new OptionError(
      OPTION,
      request.expression,
      `an expression as tcpdump takes it (${why})`,
      'See pcap-filter(7)',
    );
  if (pcap.pcap_compile(handle, program, request.expression, 1, NETMASK_UNKNOWN) < 0)
    throw refuse(pcap.pcap_geterr(handle));
  try {
    const [count] = new Uint32Array(program.buffer, 0, 1);
    if (count === 0 || count > INSTRUCTIONS_MAX)
      throw refuse(`it takes ${count} instructions, of at most ${INSTRUCTIONS_MAX}`);
    const [instructions] = new BigUint64Array(program.buffer, 8, 1);
    return new Uint8Array(libc.ffi.view(instructions, count * INSTRUCTION_BYTES)).slice();
  } finally {
    pcap.pcap_freecode(program);
  }
}

/** Replaces the filter of a socket. Packets that are in its ring already stay there. Errors: LiveError */
export function attachFilter(libc: Libc, fd: number, program: FilterProgram, subject: string): void {
  // struct sock_fprog: the number of instructions, and where they are.
  const request = new Uint8Array(16);
  new Uint16Array(request.buffer)[0] = program.length / INSTRUCTION_BYTES;
  new BigUint64Array(request.buffer)[1] = libc.ffi.address(program);
  if (libc.setsockopt(fd, SOL_SOCKET, SocketOption.ATTACH_FILTER, request, request.length) < 0)
    throw new LiveError(
      subject,
      `attaching the filter: ${errnoText(libc.errno())}`,
      'a shorter --filter may do',
    );
}
