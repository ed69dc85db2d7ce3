/** A netlink socket of the calling thread's namespace. */
import { KernelError } from './kernel-error.ts';
import { AddressFamily, Errno, errnoText, type Libc, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_RAW } from './libc.ts';
import { ControlType, errorOf, hostWord, type Message, messagesOf } from './netlink.ts';

export enum NetlinkFamily {
  ROUTE = 0,
  NETFILTER = 12,
}

const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
/** No message of ours or of the kernel's is longer. */
const RECEIVE_BYTES = 1 << 17;
/** For thousands of events that come at once when connections expire. */
const QUEUE_BYTES = 64 << 20;

export interface NetlinkSocket {
  readonly fd: number;
  /** Sends requests of which each wants an acknowledgement, and waits for all of them. */
  request(what: string, messages: Uint8Array, acknowledgements: number): void;
  /** Sends one request that wants an acknowledgement, and gives what comes before that. */
  get(what: string, message: Uint8Array): Message[];
  /** Sends one dump request and gives what comes back. */
  dump(what: string, message: Uint8Array): Message[];
  /** As `dump`, for many: gives each `recv` as it comes, in a buffer that is used again, until `take` returns false. */
  read(what: string, message: Uint8Array, take: (bytes: Uint8Array, length: number) => boolean): void;
  joinGroup(group: number): void;
  /** The bytes that wait, or -1; never waits. They are in `buffer`. */
  receive(): number;
  readonly buffer: Uint8Array;
  close(): void;
}

/** What a refusal of the kernel means for whoever runs the command. */
function refused(what: string, errno: number): KernelError {
  const advice =
    errno === Errno.EPERM || errno === Errno.EACCES
      ? 'run it as root'
      : 'the kernel may be built without it: it needs nf_conntrack, nf_tables, nft_ct, nft_log, nfnetlink_log and ctnetlink';
  return new KernelError(`${what}: ${errnoText(errno)}`, advice);
}

/** Errors: KernelError, here and in every function of the socket. */
export function openNetlink(libc: Libc, family: NetlinkFamily): NetlinkSocket {
  const fd = libc.socket(AddressFamily.NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
  if (fd < 0) throw refused(`a netlink socket (family ${family})`, libc.errno());
  const buffer = new Uint8Array(RECEIVE_BYTES);
  const check = (what: string, result: number): void => {
    if (result < 0) throw refused(what, libc.errno());
  };
  const address = new Uint8Array(12);
  new Uint16Array(address.buffer)[0] = AddressFamily.NETLINK;
  check('binding a netlink socket', libc.bind(fd, address, address.length));
  // Without the right to do so the size stays what it is.
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, hostWord(QUEUE_BYTES), 4);

  /** Waits. Returns how many bytes lie in `buffer`. */
  function receiveSome(what: string): number {
    for (;;) {
      const length = libc.recv(fd, buffer, buffer.length, 0);
      if (length < 0 && libc.errno() === Errno.EINTR) continue;
      check(what, length);
      return length;
    }
  }

  function* answers(what: string): Generator<Message> {
    for (;;) yield* messagesOf(buffer.slice(0, receiveSome(what)));
  }

  function send(what: string, bytes: Uint8Array): void {
    check(what, libc.send(fd, bytes, bytes.length, 0));
  }

  function gather(what: string, message: Uint8Array): Message[] {
    send(what, message);
    const found: Message[] = [];
    for (const answer of answers(what)) {
      if (answer.type === ControlType.DONE) return found;
      if (answer.type === ControlType.ERROR) {
        if (errorOf(answer) === 0) return found;
        throw refused(what, errorOf(answer));
      }
      found.push(answer);
    }
    return found;
  }

  return {
    fd,
    buffer,
    request(what, messages, acknowledgements) {
      send(what, messages);
      let left = acknowledgements;
      for (const message of answers(what)) {
        if (message.type !== ControlType.ERROR) continue;
        if (errorOf(message) !== 0) throw refused(what, errorOf(message));
        if (--left === 0) return;
      }
    },
    get: gather,
    dump: gather,
    read(what, message, take) {
      send(what, message);
      while (take(buffer, receiveSome(what)));
    },
    joinGroup(group) {
      const what = `netlink multicast group ${group}`;
      check(what, libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, hostWord(group), 4));
    },
    receive() {
      const length = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
      if (length >= 0) return length;
      const errno = libc.errno();
      if (errno === Errno.EAGAIN || errno === Errno.EINTR) return -1;
      throw refused('reading what the kernel tells', errno);
    },
    close: () => {
      libc.close(fd);
    },
  };
}
