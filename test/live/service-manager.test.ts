/** What a service manager gets to hear. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectServiceManager } from '../../src/live/service-manager.ts';
import { listenAt } from '../support/unix-datagrams.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux';
describe('the service manager', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowshard-notify-'));
  for (const name of [join(folder, 'notify'), `@flowshard-test-${process.pid}`])
    it(`hears at ${name.startsWith('@') ? 'an abstract name' : 'a path'} what the service does`, () => {
      const socket = listenAt(name);
      const manager = connectServiceManager({ NOTIFY_SOCKET: name });
      const before = process.hrtime.bigint() / BigInt(1000);
      manager.ready('Watching eth0');
      manager.reloading();
      manager.status('two\nlines');
      manager.alive();
      manager.stopping();
      const [ready, reloading, ...others] = socket.heard();
      assert.equal(ready, 'READY=1\nSTATUS=Watching eth0');
      const us = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading)?.[1] ?? '0';
      assert.ok(BigInt(us) >= before && BigInt(us) <= process.hrtime.bigint() / BigInt(1000));
      assert.deepEqual(others, ['STATUS=two lines', 'WATCHDOG=1', 'STOPPING=1\nSTATUS=Stopping']);
      assert.equal(manager.aliveEveryMs, null);
      manager.close();
      socket.close();
    });

  it('is not missed', () => {
    for (const NOTIFY_SOCKET of [undefined, '', 'relative', `/${'x'.repeat(200)}`, join(folder, 'nothing')]) {
      const manager = connectServiceManager(NOTIFY_SOCKET === undefined ? {} : { NOTIFY_SOCKET });
      manager.ready('all the same');
      manager.stopping();
      manager.close();
    }
    rmSync(folder, { recursive: true });
  });

  it('says how often it wants to hear that all is well', () => {
    const every = (env: NodeJS.ProcessEnv): number | null => {
      const manager = connectServiceManager({ NOTIFY_SOCKET: '@flowshard-nobody', ...env });
      manager.close();
      return manager.aliveEveryMs;
    };
    assert.equal(every({ WATCHDOG_USEC: '30000000' }), 15_000);
    assert.equal(every({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }), 15_000);
    assert.equal(every({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }), null);
    assert.equal(every({ WATCHDOG_USEC: 'soon' }), null);
    assert.equal(every({}), null);
  });
});
