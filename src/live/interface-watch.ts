/**
 * What becomes of an interface while its packets are read. When it goes down and up again the kernel goes on by
 * itself. When it is removed and comes back it is another one with the same name, and the socket is bound to
 * that: the same socket, so that no right is needed any more. Only sockets that share the packets of an interface cannot
 * be bound again: they are replaced, for which the right is needed.
 */
import { findInterface, type Interface } from './interface.ts';
import type { Libc } from './libc.ts';
import { LiveError } from './live-error.ts';
import { joinPromiscuous, type PacketSocket, replaceInGroup, tryBind } from './packet-socket.ts';

export enum InterfaceState {
  UP = 'up',
  DOWN = 'down',
  GONE = 'gone',
}

export interface InterfaceWatch {
  /**
   * How it is now. After UP packets go on.
   *
   * Cost:   some system calls
   * Errors: LiveError when it has come back and cannot be read any more
   */
  look(): InterfaceState;
  /** The socket that packets come to. Another one after `look` where it was in a group. */
  socket(): PacketSocket;
}

export function watchInterface(libc: Libc, first: PacketSocket): InterfaceWatch {
  const { interfaceName: name } = first;
  let socket = first;

  /** Goes over to the interface that has the name now; false when it is gone again, or must be up first. */
  function goOver(found: Interface): boolean {
    if (found.linkType !== socket.linkType)
      throw new LiveError(name, 'it has come back with another link layer', 'start flowshard again');
    const { index } = found;
    if (first.group !== null) {
      if (!found.isUp) return false;
      socket = replaceInGroup(libc, socket, first.group, index);
      return true;
    }
    if (!tryBind(libc, socket.fd, index)) return false;
    if (socket.promiscuous) joinPromiscuous(libc, socket.fd, name, index);
    socket = { ...socket, interfaceIndex: index };
    return true;
  }

  return {
    look() {
      const found = findInterface(libc, name);
      if (found === null) return InterfaceState.GONE;
      if (found.index !== socket.interfaceIndex && !goOver(found)) return InterfaceState.GONE;
      return found.isUp ? InterfaceState.UP : InterfaceState.DOWN;
    },
    socket: () => socket,
  };
}
