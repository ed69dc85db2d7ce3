/**
 * A client and a server with a router between them, and a tap: what passes the router on the client's side is
 * copied to a device in a namespace of its own, as a mirror port does. The router is the namespace of the calling thread; its
 * kernel tracks all that passes.
 */
import { addCable, addNamespace, HERE, type Namespace, run } from './namespaces.ts';

export const CLIENT = { v4: '10.71.1.2', v6: 'fd71:1::2' } as const;
export const SERVER = { v4: '10.71.2.2', v6: 'fd71:2::2' } as const;
/** Where the copies arrive. */
export const TAP_DEVICE = 'tap0';

const ROUTER = {
  client: { v4: '10.71.1.1', v6: 'fd71:1::1' },
  server: { v4: '10.71.2.1', v6: 'fd71:2::1' },
} as const;

export interface Routed {
  readonly client: Namespace;
  readonly server: Namespace;
  readonly tap: Namespace;
}

/** Any of it makes the kernel track; FTP gets its helper. */
const RULES = `
table inet fs {
  ct helper ftp-helper { type "ftp" protocol tcp; }
  chain pre {
    type filter hook prerouting priority 0;
    tcp dport 21 ct helper set "ftp-helper"
    ct state invalid counter
  }
}
`;

interface Ends {
  readonly v4: string;
  readonly v6: string;
}

/** No address is asked for by anybody: the first packet is the program's. */
function quiet(ns: Namespace): void {
  for (const device of ['all', 'default'])
    for (const setting of ['accept_ra=0', 'accept_dad=0', 'router_solicitations=0'])
      ns.run(`sysctl -qw net.ipv6.conf.${device}.${setting}`);
}

function address(ns: Namespace, device: string, { v4, v6 }: Ends): void {
  ns.run(`ip address add ${v4}/24 dev ${device}`);
  ns.run(`ip address add ${v6}/64 dev ${device} nodad`);
}

function defaultRoutes(ns: Namespace, { v4, v6 }: Ends): void {
  ns.run(`ip route add default via ${v4}`);
  ns.run(`ip route add default via ${v6}`);
}

/** In `enterNamespaces` first; needs tc, nft, sysctl. */
export function makeRouted(): Routed {
  quiet(HERE);
  const client = addNamespace('fs-client');
  const server = addNamespace('fs-server');
  const tap = addNamespace('fs-tap');
  for (const ns of [client, server, tap]) quiet(ns);
  addCable('to-client', client, 'eth0');
  addCable('to-server', server, 'eth0');
  addCable('mirror', tap, TAP_DEVICE);
  address(HERE, 'to-client', ROUTER.client);
  address(HERE, 'to-server', ROUTER.server);
  address(client, 'eth0', CLIENT);
  address(server, 'eth0', SERVER);
  defaultRoutes(client, ROUTER.client);
  defaultRoutes(server, ROUTER.server);
  run('sysctl -qw net.ipv4.ip_forward=1');
  run('sysctl -qw net.ipv6.conf.all.forwarding=1');
  run('sysctl -qw net.netfilter.nf_conntrack_acct=1');
  run('nft -f -', RULES);
  run('tc qdisc add dev to-client clsact');
  // Before the router has seen it, and after it has let it go.
  for (const way of ['ingress', 'egress'])
    run(
      `tc filter add dev to-client ${way} protocol all u32 match u32 0 0 action mirred egress mirror dev mirror`,
    );
  return { client, server, tap };
}
