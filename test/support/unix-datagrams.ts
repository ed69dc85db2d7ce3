/** A Unix socket that datagrams come to, as a service manager has it. Node has none. */
import assert from 'node:assert/strict';
import { Family, loadLibc, SOCK_CLOEXEC, SocketType } from '../../src/live/libc.ts';

const MSG_DONTWAIT = 0x40;

/** At a path, or with @ at an abstract name. */
export function listenAt(name: string): { heard(): string[]; close(): void } {
  const libc = loadLibc();
  const { recv } = libc.ffi.libc<{
    recv(fd: number, bytes: Uint8Array, size: number, flags: number): number;
  }>({
    recv: 'long recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)',
  });
  const fd = libc.socket(Family.UNIX, SocketType.DGRAM | SOCK_CLOEXEC, 0);
  const text = name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`;
  const address = Uint8Array.of(Family.UNIX, 0, ...new TextEncoder().encode(text));
  assert.equal(libc.bind(fd, address, address.length), 0);
  const buffer = new Uint8Array(4096);
  return {
    heard() {
      const messages: string[] = [];
      for (;;) {
        const length = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
        if (length < 0) return messages;
        messages.push(new TextDecoder().decode(buffer.subarray(0, length)));
      }
    },
    close: () => {
      libc.close(fd);
    },
  };
}
