/** `--decap` and `--zone-from` of the command: real captures, and errors. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linesOf, statsOf, track, tracked } from './cli.ts';

const GENEVE = 'test/fixtures/captures/tun/tcpdump__geneve.pcap';
const VXLAN = 'test/fixtures/captures/tun/zeek__vxlan-overlapping-http-get.pcap';
const ERSPAN = 'test/fixtures/captures/gre/sv__decode-erspan-typeII-01.pcap';
const SIX_IN_SIX = 'test/fixtures/captures/tun/zeek__6in6in6.pcap';

/** Original endpoints of the connections, oldest first. */
async function endpoints(...args: readonly string[]): Promise<string[]> {
  return linesOf(await tracked(...args)).map((line) => /src=\S+ dst=\S+/.exec(line)?.[0] ?? line);
}

describe('--decap', () => {
  it('tracks the inner packets, and by default the outer ones', async () => {
    assert.deepEqual(await endpoints('-r', GENEVE, '--decap', 'geneve'), [
      'src=30.0.0.1 dst=30.0.0.2',
      'src=30.0.0.2 dst=30.0.0.1',
    ]);
    const outer = await endpoints('-r', GENEVE);
    assert.ok(outer.length > 0);
    for (const line of outer) assert.match(line, /^src=20\.0\.0\.[12] dst=20\.0\.0\.[12]$/);
    assert.deepEqual(await endpoints('-r', GENEVE, '--decap', 'vxlan,gre,erspan,ipip,gtp-u'), outer);
  });

  it('takes a comma list, may be repeated, and knows all', async () => {
    const events = (...args: readonly string[]): Promise<string> =>
      tracked('-r', GENEVE, VXLAN, '--print', 'events', ...args);
    const both = await events('--decap', 'geneve,vxlan');
    assert.equal(await events('--decap', 'geneve', '--decap', ' vxlan'), both);
    assert.equal(await events('--decap', 'all'), both);
    assert.notEqual(await events('--decap', 'geneve'), both);
  });

  it('takes other ports', async () => {
    const outer = await tracked('-r', GENEVE);
    assert.equal(await tracked('-r', GENEVE, '--decap', 'geneve:6082'), outer);
    const inner = await tracked('-r', GENEVE, '--decap', 'geneve');
    assert.notEqual(inner, outer);
    assert.equal(await tracked('-r', GENEVE, '--decap', 'geneve:6082,geneve:6081'), inner);
  });

  it('counts the headers that it took off', async () => {
    assert.deepEqual((await statsOf('-r', GENEVE, '--decap', 'all')).tunnels, { geneve: 39 });
    assert.deepEqual((await statsOf('-r', SIX_IN_SIX, '--decap', 'ipip')).tunnels, { ipip: 2 });
    assert.deepEqual((await statsOf('-r', GENEVE)).tunnels, {});
    const { stderr } = await track('-r', GENEVE, '--decap', 'all');
    assert.match(stderr, /^ {2}tunnels {5}39 \(geneve 39\)$/m);
  });

  it('refuses what it does not know', async () => {
    const words =
      'a comma list of vxlan, vxlan-gpe, geneve, gre, erspan, ipip, gtp-u and all; those over UDP may have a port, as in geneve:6082';
    for (const value of ['', 'vxlan,', 'none', 'VXLAN', 'vxlan:1:2', 'all:1']) {
      const { status, stdout, stderr } = await track('-r', GENEVE, '--decap', value);
      const word = value === 'vxlan,' ? '' : value;
      assert.equal(stderr, `flowshard: --decap: ${JSON.stringify(word)} is not allowed; allowed: ${words}\n`);
      assert.equal(status, 2);
      assert.equal(stdout, '');
    }
    for (const port of ['0', '65536', 'x', '']) {
      const { stderr } = await track('-r', GENEVE, '--decap', `vxlan:${port}`);
      assert.equal(
        stderr,
        `flowshard: --decap: "vxlan:${port}" is not allowed; allowed: a port from 1 to 65535\n`,
      );
    }
    const gre = await track('-r', GENEVE, '--decap', 'gre:1');
    assert.match(gre.stderr, /"gre:1" is not allowed; allowed: gre without a port: it does not run over UDP/);
    const twice = await track('-r', GENEVE, '--decap', 'vxlan,geneve:8472');
    assert.match(twice.stderr, /"geneve:8472" is not allowed; allowed: one tunnel per port: vxlan has it/);
    assert.equal(twice.status, 2);
  });
});

describe('--zone-from', () => {
  it('takes the number of the tunnel, and prints it as the zone', async () => {
    const lines = linesOf(await tracked('-r', GENEVE, '--decap', 'geneve', '--zone-from', 'vni'));
    // Each direction of this capture has a VNI of its own.
    assert.equal(lines.length, 3);
    assert.deepEqual(new Set(lines.map((line) => / zone=(\d+) /.exec(line)?.[1])), new Set(['10', '11']));
    const erspan = linesOf(await tracked('-r', ERSPAN, '--decap', 'erspan', '--zone-from', 'session'));
    assert.ok(erspan.length > 0);
    for (const line of erspan) assert.match(line, / zone=100 /);
  });

  it('wants the tunnel that has the number', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['vni', 'vxlan or vxlan-gpe or geneve'],
      ['session', 'erspan'],
      ['key', 'gre'],
      ['teid', 'gtp-u'],
    ];
    for (const [zoneFrom, tunnels] of cases) {
      const { status, stderr } = await track('-r', GENEVE, '--zone-from', zoneFrom, '--decap', 'ipip');
      assert.equal(
        stderr,
        `flowshard: --zone-from: "${zoneFrom}" is not allowed; allowed: with --decap ${tunnels}\n`,
      );
      assert.equal(status, 2);
    }
  });

  it('refuses what it does not know', async () => {
    const { stderr } = await track('-r', GENEVE, '--zone-from', 'mac');
    assert.match(stderr, /--zone-from: "mac" is not allowed; allowed: vlan, vni, session, key, teid/);
  });
});
