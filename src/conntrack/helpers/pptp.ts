/**
 * PPTP: when the two sides have agreed on a call, its tunnel is foretold: GRE in both directions, with the call
 * ids as keys. One of the two expectations opens the connection, and the other one goes.
 *
 * A control message is read only where it begins a segment, and one in a segment. Like the kernel the helper takes the
 * opener of the control connection for the side that places calls (the PNS of RFC 2637).
 *
 * Source: RFC 2637 2 (messages, their lengths and codes); which of them are believed in which state is the kernel's choice
 */
import { HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Verdict } from '../../shm/bits.ts';
import { ExpectAnswer } from '../expectations.ts';
import { type Helper, type HelperContext, type HelperReader, HelperVerdict, type Message } from './helper.ts';

const CONTROL_MESSAGE = 1;
const MAGIC_COOKIE = 0x1a2b3c4d;
/** Length, type, cookie, message type, reserved. */
const HEADER_BYTES = 12;
const RESULT_OK = 1;

/** Control message types. */
enum Type {
  START_REQUEST = 1,
  START_REPLY = 2,
  STOP_REQUEST = 3,
  STOP_REPLY = 4,
  OUT_CALL_REQUEST = 7,
  OUT_CALL_REPLY = 8,
  IN_CALL_REQUEST = 9,
  IN_CALL_REPLY = 10,
  IN_CALL_CONNECTED = 11,
  CALL_CLEAR = 12,
  CALL_DISCONNECT = 13,
}

/** Least bytes behind the header, by type. The others (echo, link info, errors of the line) mean nothing here. */
const BYTES: Readonly<Record<Type, number>> = {
  [Type.START_REQUEST]: 144,
  [Type.START_REPLY]: 144,
  [Type.STOP_REQUEST]: 4,
  [Type.STOP_REPLY]: 4,
  [Type.OUT_CALL_REQUEST]: 156,
  [Type.OUT_CALL_REPLY]: 20,
  [Type.IN_CALL_REQUEST]: 208,
  [Type.IN_CALL_REPLY]: 12,
  [Type.IN_CALL_CONNECTED]: 16,
  [Type.CALL_CLEAR]: 4,
  [Type.CALL_DISCONNECT]: 136,
};
const PAYLOAD_MAX = HEADER_BYTES + Math.max(...Object.values(BYTES));

/** Words of a connection's state. */
enum State {
  SESSION = 0,
  CALL = 1,
  /** Call id of the client (PNS), and of the server (PAC). */
  CLIENT_ID = 2,
  SERVER_ID = 3,
}

/** In this order: a reply counts from REQUESTED on. */
enum Session {
  NONE = 0,
  ERROR = 1,
  STOPPING = 2,
  REQUESTED = 3,
  CONFIRMED = 4,
}

enum Call {
  NONE = 0,
  OUT_REQUESTED = 1,
  OUT_CONFIRMED = 2,
  IN_REQUESTED = 3,
  IN_ACCEPTED = 4,
  IN_CONFIRMED = 5,
  CLEARING = 6,
}

export const pptp: Helper = {
  number: HelperNumber.PPTP,
  protocols: [Protocol.TCP],
  families: ['ipv4'],
  port: 1723,
  isDefault: true,
  classes: [{ name: '', max: 2, timeoutS: 300 }],
  payloadMax: PAYLOAD_MAX,
  create,
};

const read16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];
const read32 = (bytes: Uint8Array, at: number): number => (read16(bytes, at) << 16) | read16(bytes, at + 2);

const isType = (type: number): type is Type => type in BYTES;

function create(context: HelperContext): HelperReader {
  const address = new Int32Array(4);
  /** Source and destination of the original direction. */
  let client = 0;
  let server = 0;

  function setAddresses(): void {
    context.source(0, address);
    client = address[0];
    context.destination(0, address);
    server = address[0];
  }

  // ---- The tunnel ----

  /** The expectation of one direction; its slot, or 0. */
  function expectFrom(source: number, destination: number, sourceId: number, destinationId: number): number {
    const r = context.request(Protocol.GRE);
    r.source[0] = source;
    r.mask[0] = -1;
    r.destination[0] = destination;
    r.sourcePort = sourceId;
    r.destinationPort = destinationId;
    return context.expect(r) === ExpectAnswer.ADDED ? context.expectations.added() : 0;
  }

  function addKeys(m: Message, clientId: number, serverId: number): boolean {
    const there = { source: client, destination: server, sourceKey: clientId, destinationKey: serverId };
    const back = { source: server, destination: client, sourceKey: serverId, destinationKey: clientId };
    const { greKeys } = context;
    if (!greKeys.add({ ...there, master: m.entry, dir: 0 })) return false;
    if (greKeys.add({ ...back, master: m.entry, dir: 1 })) return true;
    greKeys.removeOf(m.entry);
    return false;
  }

  /** Both directions and their keys, or nothing. */
  function foretell(m: Message): void {
    setAddresses();
    const { expectations } = context;
    const clientId = m.state[m.s + State.CLIENT_ID];
    const serverId = m.state[m.s + State.SERVER_ID];
    const there = expectFrom(client, server, clientId, serverId);
    if (there === 0) return;
    const back = expectFrom(server, client, serverId, clientId);
    if (back !== 0) {
      expectations.pair(there, back);
      if (addKeys(m, clientId, serverId)) return;
      expectations.remove(back);
    }
    expectations.remove(there);
  }

  const found = new Int32Array(4);

  /** The expectation of this tuple, whose ever it is; 0 for none. */
  function expectationOf(m: Message, from: number, to: number, fromId: number, toId: number): number {
    const { kind } = context.request(Protocol.GRE);
    address.fill(0);
    found.fill(0);
    address[0] = from;
    found[0] = to;
    return context.expectations.find(address, found, fromId, toId, kind, m.nowMs);
  }

  /** Ends the connection of the call that was spoken of last, or what is left of its expectations. */
  function endTunnel(m: Message): void {
    setAddresses();
    const clientId = m.state[m.s + State.CLIENT_ID];
    const serverId = m.state[m.s + State.SERVER_ID];
    context.greKeys.removeOf(m.entry);
    const back = expectationOf(m, server, client, serverId, clientId);
    if (back !== 0) context.expectations.remove(back);
    const there = expectationOf(m, client, server, clientId, serverId);
    context.kill(Protocol.GRE, client, server, clientId, serverId, there);
  }

  // ---- Messages ----

  /** Of the client: what it asks for, and that it takes a call. `at`: behind the header. */
  function fromClient(m: Message, type: Type, at: number): void {
    const { bytes, state, s } = m;
    const isConfirmed = state[s + State.SESSION] === Session.CONFIRMED;
    const call: Call = state[s + State.CALL];
    switch (type) {
      case Type.START_REQUEST:
        if (state[s + State.SESSION] === Session.NONE) state[s + State.SESSION] = Session.REQUESTED;
        return;
      case Type.STOP_REQUEST:
        state[s + State.SESSION] = Session.STOPPING;
        return;
      case Type.OUT_CALL_REQUEST:
        if (!isConfirmed) return;
        state[s + State.CALL] = Call.OUT_REQUESTED;
        state[s + State.CLIENT_ID] = read16(bytes, at);
        return;
      case Type.IN_CALL_REPLY:
        if (call !== Call.IN_REQUESTED && call !== Call.IN_ACCEPTED) return;
        if (read16(bytes, at + 2) !== state[s + State.SERVER_ID]) return;
        if (bytes[at + 4] === RESULT_OK) {
          state[s + State.CALL] = Call.IN_ACCEPTED;
          state[s + State.CLIENT_ID] = read16(bytes, at);
        } else {
          state[s + State.CALL] = Call.NONE;
        }
        return;
      case Type.CALL_CLEAR:
        if (isConfirmed) state[s + State.CALL] = Call.CLEARING;
        return;
      default:
    }
  }

  /** Of the server. */
  function fromServer(m: Message, type: Type, at: number): void {
    const { bytes, state, s } = m;
    const session: Session = state[s + State.SESSION];
    const call: Call = state[s + State.CALL];
    switch (type) {
      case Type.START_REPLY:
        if (session >= Session.REQUESTED)
          state[s + State.SESSION] = bytes[at + 2] === RESULT_OK ? Session.CONFIRMED : Session.ERROR;
        return;
      case Type.STOP_REPLY:
        if (session <= Session.STOPPING)
          state[s + State.SESSION] = bytes[at] === RESULT_OK ? Session.NONE : Session.ERROR;
        return;
      case Type.OUT_CALL_REPLY:
        if (session !== Session.CONFIRMED) return;
        if (call !== Call.OUT_REQUESTED && call !== Call.OUT_CONFIRMED) return;
        if (read16(bytes, at + 2) !== state[s + State.CLIENT_ID]) return;
        if (bytes[at + 4] === RESULT_OK) {
          state[s + State.CALL] = Call.OUT_CONFIRMED;
          state[s + State.SERVER_ID] = read16(bytes, at);
          foretell(m);
        } else {
          state[s + State.CALL] = Call.NONE;
        }
        return;
      case Type.IN_CALL_REQUEST:
        if (session !== Session.CONFIRMED) return;
        state[s + State.CALL] = Call.IN_REQUESTED;
        state[s + State.SERVER_ID] = read16(bytes, at);
        return;
      case Type.IN_CALL_CONNECTED:
        if (session !== Session.CONFIRMED) return;
        if (call !== Call.IN_ACCEPTED && call !== Call.IN_CONFIRMED) return;
        if (read16(bytes, at) !== state[s + State.CLIENT_ID]) return;
        state[s + State.CALL] = Call.IN_CONFIRMED;
        foretell(m);
        return;
      case Type.CALL_DISCONNECT:
        state[s + State.CALL] = Call.NONE;
        endTunnel(m);
        return;
      default:
    }
  }

  return {
    message(m) {
      const { bytes, start, end } = m;
      if (m.verdict !== Verdict.ESTABLISHED && m.verdict !== Verdict.ESTABLISHED_REPLY)
        return HelperVerdict.ACCEPT;
      const at = start + HEADER_BYTES;
      if (
        at > end ||
        read16(bytes, start + 2) !== CONTROL_MESSAGE ||
        read32(bytes, start + 4) !== MAGIC_COOKIE
      )
        return HelperVerdict.ACCEPT;
      const type = read16(bytes, start + 8);
      if (!isType(type) || end - at < BYTES[type]) return HelperVerdict.ACCEPT;
      if (m.dir === 0) fromClient(m, type, at);
      else fromServer(m, type, at);
      return HelperVerdict.ACCEPT;
    },
    ended: endTunnel,
  };
}
