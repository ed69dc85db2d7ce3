/**
 * Traffic of real programs from the client to the server of test/support/routed.ts: the programs of Debian where they are
 * installed, else small ones of our own (test/support/programs), and which it was.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endStarted, isInstalled, type Namespace } from '../support/namespaces.ts';
import { CLIENT, type Routed, SERVER } from '../support/routed.ts';
import { until } from '../support/until.ts';

const BODY_BYTES = 150_000;
const HTTP = 80;
const DNS = 53;
const FTP = 21;
const program = (name: string): string => resolve('test/support/programs', `${name}.mjs`);
const nodeWith = (name: string, ...args: readonly (string | number)[]): string[] => [
  process.execPath,
  program(name),
  ...args.map(String),
];

export interface Traffic {
  /** Which program stood for what. */
  readonly used: readonly string[];
  /** HTTP over IPv4 and IPv6, one after the other. */
  web(): void;
  /** Echo requests over IPv4 and IPv6. */
  pings(): void;
  /** Questions over UDP and TCP. */
  names(): void;
  /** To a port where nobody listens: an answer of ICMP, and a reset. */
  nobody(): void;
  /** A file over a passive and over an active data connection. */
  files(): void;
  /** A session that stays, with a data connection announced. */
  holdSession(): Promise<void>;
  /** Ends the servers. */
  close(): Promise<void>;
}

function startFtp(server: Namespace, folder: string, isVsftpd: boolean): ChildProcess {
  if (!isVsftpd) return server.start(nodeWith('ftp-server', FTP, BODY_BYTES));
  for (const name of ['files', 'empty']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'files', 'file'), Buffer.alloc(BODY_BYTES, 'flowshard '));
  const settings = {
    listen: 'YES',
    listen_ipv6: 'NO',
    background: 'NO',
    anonymous_enable: 'YES',
    no_anon_password: 'YES',
    local_enable: 'NO',
    anon_root: join(folder, 'files'),
    secure_chroot_dir: join(folder, 'empty'),
    connect_from_port_20: 'YES',
    seccomp_sandbox: 'NO',
    xferlog_enable: 'NO',
  };
  const file = join(folder, 'vsftpd.conf');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  return server.start(['vsftpd', file]);
}

function startDns(server: Namespace, isDnsmasq: boolean): ChildProcess {
  return server.start(
    isDnsmasq
      ? [
          ...[
            'dnsmasq',
            '--keep-in-foreground',
            '--conf-file=/dev/null',
            '--no-resolv',
            '--no-hosts',
            '--user=root',
          ],
          ...['--pid-file', `--listen-address=${SERVER.v4}`, '--bind-interfaces', '--address=/#/192.0.2.9'],
        ]
      : nodeWith('dns-server', DNS),
  );
}

/** Ready when the servers listen, which is seen from inside, so that nothing has passed the router yet. */
async function listening(server: Namespace, ports: readonly number[]): Promise<void> {
  await until(() => {
    const open = server.run('cat /proc/net/tcp /proc/net/tcp6');
    return ports.every((port) => {
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      return new RegExp(`: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A `).test(open);
    });
  }, 'the servers listen');
}

/** With `isPlain` of the small programs alone. */
export async function startTraffic({ client, server }: Routed, isPlain = false): Promise<Traffic> {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-traffic-'));
  chmodSync(folder, 0o755);
  const used: string[] = [];
  const has = (name: string): boolean => {
    const isThere = !isPlain && isInstalled(name);
    used.push(isThere ? name : `one of our own for ${name}`);
    return isThere;
  };
  const [hasCurl, hasDig, hasLftp] = ['curl', 'dig', 'lftp'].map(has);
  const servers = [
    startDns(server, has('dnsmasq')),
    startFtp(server, folder, has('vsftpd')),
    server.start(nodeWith('http-server', HTTP, BODY_BYTES)),
  ];
  await listening(server, [HTTP, DNS, FTP]);

  const ok = (command: string): void => {
    const { status, output } = client.attempt(command);
    assert.equal(status, 0, `${command}: ${output}`);
  };
  const node = (name: string, ...args: readonly (string | number)[]): void =>
    ok(nodeWith(name, ...args).join(' '));

  return {
    used,
    web() {
      for (const host of [SERVER.v4, `[${SERVER.v6}]`])
        if (hasCurl) ok(`curl -sS -g -o /dev/null --max-time 10 http://${host}/`);
        else node('fetch', `http://${host}/`);
    },
    pings() {
      for (const host of [SERVER.v4, SERVER.v6]) ok(`ping -c 3 -i 0.05 -W 2 ${host}`);
    },
    names() {
      for (const how of ['udp', 'tcp'])
        if (hasDig)
          ok(`dig +${how === 'tcp' ? '' : 'no'}tcp +tries=1 +time=3 @${SERVER.v4} flowshard.example`);
        else node('dns-ask', SERVER.v4, DNS, how);
    },
    nobody() {
      for (const how of ['udp', 'tcp']) client.attempt(nodeWith('dns-ask', SERVER.v4, 9, how).join(' '));
    },
    files() {
      if (!hasLftp) return node('ftp-session', SERVER.v4, FTP, 'passive', 'active');
      for (const mode of ['on', 'off']) {
        const settings = `set ftp:passive-mode ${mode}; set net:max-retries 1; set net:timeout 5; set ftp:use-feat no`;
        ok(`lftp -c '${settings}; open ftp://${SERVER.v4}; cat file'`);
      }
    },
    holdSession: async () => {
      const session = client.start(nodeWith('ftp-session', SERVER.v4, FTP, 'passive', 'announce', 'hold'), {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      session.stdout?.on('data', (chunk) => {
        said += chunk;
      });
      await until(() => said.includes('holding'), `a session from ${CLIENT.v4} that holds`);
    },
    async close() {
      await endStarted(servers);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
