/**
 * What becomes of an interface while its packets are read. When it goes down and up again the kernel goes on by
 * itself. When it is removed and comes back it is another one with the same name, and the socket is bound to
 * that: the same socket, so that no right is needed any more.
 */
import { findInterface } from './interface.ts';
import type { Libc } from './libc.ts';
import { LiveError } from './live-error.ts';
import { joinPromiscuous, type PacketSocket, tryBind } from './packet-socket.ts';

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
}

export function watchInterface(libc: Libc, socket: PacketSocket): InterfaceWatch {
  const { fd, interfaceName: name } = socket;
  let index = socket.interfaceIndex;
  return {
    look() {
      const found = findInterface(libc, name);
      if (found === null) return InterfaceState.GONE;
      if (found.index !== index) {
        if (socket.isGrouped)
          throw new LiveError(
            name,
            'it was removed and made anew, and sockets that share its packets (--ingest) cannot be moved to the new one',
            'start flowshard again',
          );
        if (found.linkType !== socket.linkType)
          throw new LiveError(name, 'it has come back with another link layer', 'start flowshard again');
        // It may be gone again by now.
        if (!tryBind(libc, fd, found.index)) return InterfaceState.GONE;
        if (socket.promiscuous) joinPromiscuous(libc, fd, name, found.index);
        index = found.index;
      }
      return found.isUp ? InterfaceState.UP : InterfaceState.DOWN;
    },
  };
}
