/**
 * The rules of the namespace: right after conntrack each packet is logged to a group whose number says
 * what conntrack made of it; helpers are attached by port; what the host itself would send is dropped
 * before conntrack sees it.
 */
import { createMessageWriter, Flag, hostWord, type MessageWriter } from './netlink.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { Family, familyHeader, Subsystem, typeOf } from './nfnetlink.ts';

/** Verdicts by the number of their log group. Text as in traces. */
export const VERDICT_GROUPS: readonly { readonly group: number; readonly ct: string }[] = [
  { group: 1, ct: 'INVALID' },
  { group: 2, ct: 'UNTRACKED' },
  { group: 3, ct: 'NEW' },
  { group: 4, ct: 'ESTABLISHED' },
  { group: 5, ct: 'ESTABLISHED/reply' },
  { group: 6, ct: 'RELATED' },
  { group: 7, ct: 'RELATED/reply' },
];

export interface Helper {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

const TABLE = 'flowshard';
const PREROUTING = 'prerouting';
const OUTPUT = 'output';
const UNUSED = 'unused';

enum Batch {
  BEGIN = 0x10,
  END = 0x11,
}
enum Type {
  NEWTABLE = 0,
  DELTABLE = 2,
  NEWCHAIN = 3,
  NEWRULE = 6,
  NEWOBJ = 18,
}
enum Hook {
  PREROUTING = 0,
  LOCAL_OUT = 3,
}
enum Policy {
  DROP = 0,
  ACCEPT = 1,
}
/** Before connection tracking, which is at -200. */
const BEFORE_CONNTRACK = -350;
const AFTER_CONNTRACK = 0;
const OBJECT_CT_HELPER = 3;
const REGISTER = 1;
const COMPARE_EQUAL = 0;
const COMPARE_UNEQUAL = 1;
const META_L4PROTO = 16;
const CT_STATE = 0;
const CT_DIRECTION = 1;
const BASE_TRANSPORT = 2;
const PORT_BYTES = 2;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** Bits of `ct state`. */
const STATE_BITS: Readonly<Record<string, number>> = {
  INVALID: 1,
  ESTABLISHED: 2,
  RELATED: 4,
  NEW: 8,
  UNTRACKED: 64,
};

type Expression = (w: MessageWriter) => void;

/** An expression in the list of a rule. */
function expression(w: MessageWriter, name: string, body: Expression): void {
  w.nested(1, () => {
    w.text(1, name);
    w.nested(2, () => body(w));
  });
}

function value(w: MessageWriter, type: number, bytes: Uint8Array): void {
  w.nested(type, () => w.bytes(1, bytes));
}

function compare(w: MessageWriter, operator: number, bytes: Uint8Array): void {
  expression(w, 'cmp', () => {
    w.be32(1, REGISTER);
    w.be32(2, operator);
    value(w, 3, bytes);
  });
}

function hasState(w: MessageWriter, bits: number): void {
  expression(w, 'ct', () => {
    w.be32(1, REGISTER);
    w.be32(2, CT_STATE);
  });
  expression(w, 'bitwise', () => {
    w.be32(1, REGISTER);
    w.be32(2, REGISTER);
    w.be32(3, 4);
    value(w, 4, hostWord(bits));
    value(w, 5, hostWord(0));
  });
  compare(w, COMPARE_UNEQUAL, hostWord(0));
}

function hasDirection(w: MessageWriter, direction: number): void {
  expression(w, 'ct', () => {
    w.be32(1, REGISTER);
    w.be32(2, CT_DIRECTION);
  });
  compare(w, COMPARE_EQUAL, Uint8Array.of(direction));
}

function logTo(w: MessageWriter, group: number): void {
  expression(w, 'log', () => {
    w.be16(1, group);
    w.be16(4, 1);
  });
}

/** `ct state established ct direction reply log group 5` */
function verdictRule(w: MessageWriter, group: number, ct: string): void {
  const [state, reply] = ct.split('/');
  hasState(w, STATE_BITS[state]);
  if (state === 'ESTABLISHED' || state === 'RELATED') hasDirection(w, reply === undefined ? 0 : 1);
  logTo(w, group);
}

/** `tcp dport 21 ct helper set "ftp-tcp"` */
function helperRule(w: MessageWriter, helper: Helper): void {
  expression(w, 'meta', () => {
    w.be32(1, REGISTER);
    w.be32(2, META_L4PROTO);
  });
  compare(w, COMPARE_EQUAL, Uint8Array.of(PROTOCOLS[helper.protocol]));
  expression(w, 'payload', () => {
    w.be32(1, REGISTER);
    w.be32(2, BASE_TRANSPORT);
    w.be32(3, PORT_BYTES);
    w.be32(4, PORT_BYTES);
  });
  compare(w, COMPARE_EQUAL, Uint8Array.of(helper.port >>> 8, helper.port & 0xff));
  expression(w, 'objref', () => {
    w.be32(1, OBJECT_CT_HELPER);
    w.text(2, objectName(helper));
  });
}

const objectName = ({ name, protocol }: Helper): string => `${name}-${protocol}`;

function chain(w: MessageWriter, name: string, hook: Hook, priority: number, policy: Policy): void {
  w.text(1, TABLE);
  w.text(3, name);
  w.nested(4, () => {
    w.be32(1, hook);
    w.be32(2, priority);
  });
  w.be32(5, policy);
  w.text(7, 'filter');
}

function helperObject(w: MessageWriter, helper: Helper): void {
  w.text(1, TABLE);
  w.text(2, objectName(helper));
  w.be32(3, OBJECT_CT_HELPER);
  w.nested(4, () => {
    w.text(1, helper.name);
    // Without a family: for IPv4 and IPv6, where the kernel has it for both.
    w.u8(3, PROTOCOLS[helper.protocol]);
  });
}

/** A batch: the kernel takes all of it or nothing. Errors: KernelError */
function commit(socket: NetlinkSocket, what: string, type: Type, ...bodies: readonly Expression[]): void {
  const w = createMessageWriter();
  w.begin(Batch.BEGIN, Flag.REQUEST, 0, familyHeader(Family.UNSPEC, Subsystem.TABLES));
  w.end();
  for (const body of bodies) {
    const flags = Flag.REQUEST | Flag.ACK | Flag.CREATE | Flag.APPEND;
    w.begin(typeOf(Subsystem.TABLES, type), flags, 1, familyHeader(Family.INET));
    body(w);
    w.end();
  }
  w.begin(Batch.END, Flag.REQUEST, 2, familyHeader(Family.UNSPEC, Subsystem.TABLES));
  w.end();
  socket.request(`nf_tables: ${what}`, w.take(), bodies.length);
}

const ruleOf =
  (chainName: string) =>
  (body: Expression): Expression =>
  (w) => {
    w.text(1, TABLE);
    w.text(2, chainName);
    w.nested(4, () => body(w));
  };

/** Errors: KernelError when the kernel refuses them, with the part that it refused. */
export function addRules(socket: NetlinkSocket, helpers: readonly Helper[]): void {
  // One batch each: an error then says which part the kernel does not know.
  const rule = ruleOf(PREROUTING);
  commit(socket, 'a table', Type.NEWTABLE, (w) => w.text(1, TABLE));
  commit(
    socket,
    'two chains',
    Type.NEWCHAIN,
    (w) => chain(w, PREROUTING, Hook.PREROUTING, AFTER_CONNTRACK, Policy.ACCEPT),
    (w) => chain(w, OUTPUT, Hook.LOCAL_OUT, BEFORE_CONNTRACK, Policy.DROP),
  );
  for (const { group, ct } of VERDICT_GROUPS)
    commit(
      socket,
      `the rule for ${ct} (nft_ct, nft_log)`,
      Type.NEWRULE,
      rule((w) => verdictRule(w, group, ct)),
    );
  for (const helper of helpers) {
    commit(socket, `the ${helper.name} helper`, Type.NEWOBJ, (w) => helperObject(w, helper));
    commit(
      socket,
      `the rule of the ${helper.name} helper`,
      Type.NEWRULE,
      rule((w) => helperRule(w, helper)),
    );
  }
}

/**
 * Has the kernel track every packet of the namespace, and nothing else: conntrack is on as long as some rule asks for its state, and
 * this one is in a chain that no packet passes through.
 *
 * Errors: KernelError
 */
export function startTracking(socket: NetlinkSocket): void {
  commit(socket, 'a table', Type.NEWTABLE, (w) => w.text(1, TABLE));
  commit(socket, 'a chain', Type.NEWCHAIN, (w) => {
    w.text(1, TABLE);
    w.text(3, UNUSED);
  });
  commit(
    socket,
    'a rule with ct state (nft_ct)',
    Type.NEWRULE,
    ruleOf(UNUSED)((w) => hasState(w, STATE_BITS.INVALID)),
  );
}

/** Takes that back; connections stay in the table. Errors: KernelError */
export function stopTracking(socket: NetlinkSocket): void {
  commit(socket, 'taking the table away', Type.DELTABLE, (w) => w.text(1, TABLE));
}
