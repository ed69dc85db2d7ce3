/** `track -i` with what cannot be: one line that says what to do, and nothing is done. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enterOwnNetwork } from '../support/own-network.ts';
import { MIXED, track } from './cli.ts';

describe('track -i', { skip: enterOwnNetwork() }, () => {
  const refused: readonly (readonly [args: readonly string[], status: number, words: RegExp])[] = [
    [
      ['-i', 'nothere', '--on-down', 'exit'],
      2,
      /^flowshard: -i\/--interface: "nothere" is not allowed; allowed: an interface of this host: /,
    ],
    // Nothing can ever have that name.
    [['-i', 'a-name-that-is-too-long'], 2, /-i\/--interface: "a-name-that-is-too-long" is not allowed/],
    [['-i', 'lo,lo'], 2, /-i\/--interface: "lo" is not allowed; allowed: each interface once/],
    [['-i', 'lo', '-r', 'x.pcap'], 2, /-r\/--read: "x.pcap" is not allowed; allowed: without -i/],
    [['-i', 'lo', '--filter', 'tcp prt'], 2, /--filter: "tcp prt" is not allowed; .*syntax error/],
    [['-i', 'lo', '--ingest', '2'], 2, /--ingest: "2" is not allowed; .*--helpers none/],
    [['-i', 'lo', '--user', 'nobodyatall'], 2, /--user: "nobodyatall" is not allowed/],
    [['-i', 'lo', '--on-down', 'cry'], 2, /--on-down: "cry" is not allowed; allowed: wait, exit/],
    [['-i', 'lo', '--ring-mb', '0'], 2, /--ring-mb: "0" is not allowed/],
    [
      ['-r', MIXED, '--filter', 'tcp'],
      2,
      /--filter: "tcp" is not allowed; allowed: with -i\/--interface only/,
    ],
    [['-r', MIXED, '--no-promiscuous'], 2, /--no-promiscuous: "given" is not allowed; allowed: with -i/],
    [[], 2, /-r\/--read: no capture is named; for example/],
  ];
  for (const [args, status, words] of refused)
    it(`refuses "${args.join(' ')}"`, async () => {
      const ended = await track(...args);
      assert.equal(ended.status, status, ended.stderr);
      assert.match(ended.stderr, words);
      assert.equal(ended.stdout, '');
    });
});
