/** Packets that a rule logs, through nfnetlink_log: a message for each, without a copy of the packet. */
import { createMessageWriter, Flag, type Message } from './netlink.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { Family, familyHeader, Subsystem, typeOf } from './nfnetlink.ts';

enum Type {
  PACKET = 0,
  CONFIG = 1,
}

const CONFIG_COMMAND = 1;
const CONFIG_MODE = 2;
const CONFIG_QUEUE_THRESHOLD = 5;
const COMMAND_BIND = 1;
const COPY_NOTHING = 0;

export const LOG_PACKET = typeOf(Subsystem.LOG, Type.PACKET);

/** The socket gets the packets that are logged to a group, each at once. */
export function bindLogGroup(socket: NetlinkSocket, group: number): void {
  const writer = createMessageWriter();
  const begin = (): void =>
    writer.begin(
      typeOf(Subsystem.LOG, Type.CONFIG),
      Flag.REQUEST | Flag.ACK,
      1,
      familyHeader(Family.UNSPEC, group),
    );
  begin();
  writer.u8(CONFIG_COMMAND, COMMAND_BIND);
  writer.end();
  socket.request(`log group ${group} (nfnetlink_log)`, writer.take(), 1);
  begin();
  writer.bytes(CONFIG_MODE, Uint8Array.of(0, 0, 0, 0, COPY_NOTHING, 0));
  writer.be32(CONFIG_QUEUE_THRESHOLD, 1);
  writer.end();
  socket.request(`log group ${group}: its mode`, writer.take(), 1);
}

/** The group of a logged packet. */
export const groupOf = ({ payload }: Message): number => (payload[2] << 8) | payload[3];
