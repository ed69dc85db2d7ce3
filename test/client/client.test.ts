/** The client's parts that need no tracker: lines from pieces, positions of events, which tracker is meant. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPlace } from '../../src/cli/control/position.ts';
import { linesOf } from '../../src/client/lines.ts';
import { targetName, targetOf } from '../../src/client/target.ts';
import { defaultSocketPath } from '../../src/common/socket-path.ts';
import fc from '../support/fast-check.ts';

describe('lines from pieces', () => {
  it('are those of the whole, wherever it was cut', async () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '€') }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (parts, sizes) => {
          const text = parts.join('\n');
          const bytes = Buffer.from(text);
          async function* pieces() {
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const size = sizes[i % sizes.length];
              yield bytes.subarray(at, at + size);
              at += size;
            }
          }
          const found: string[] = [];
          for await (const lines of linesOf(pieces())) found.push(...lines);
          const expected = text.split('\n');
          if (expected.at(-1) === '') expected.pop();
          assert.deepEqual(found, expected);
        },
      ),
    );
  });
});

describe('the place in a stream of events', () => {
  it('moves on with what is seen', () => {
    const place = createPlace();
    assert.equal(place.since(), null);
    assert.equal(place.told('nonsense'), false);
    place.seen(0, 5);
    assert.equal(place.since(), null, 'the run is not known');
    assert.equal(place.told('abcd/0:7,1:9'), true);
    assert.equal(place.since(), 'abcd/0:7,1:9');
    place.seen(1, 9);
    place.seen(0, 3);
    assert.equal(place.since(), 'abcd/0:7,1:10', 'never back');
    place.told('ef/0:1');
    assert.equal(place.since(), 'ef/0:1', 'another run');
  });
});

describe('which tracker', () => {
  it('is the one that is named, else that of the environment, else the usual one', () => {
    const name = (options: Parameters<typeof targetOf>[0], env: NodeJS.ProcessEnv = {}): string =>
      targetName(targetOf(options, env));
    assert.equal(name({ socket: '/a' }, { FLOWSHARD_SOCKET: '/b' }), '/a');
    assert.equal(name({}, { FLOWSHARD_SOCKET: '/b' }), '/b');
    assert.equal(name({ url: '127.0.0.1:9677' }), 'http://127.0.0.1:9677');
    assert.equal(name({ url: 'http://[::1]:9677/' }), 'http://[::1]:9677');
    assert.equal(defaultSocketPath({ XDG_RUNTIME_DIR: '/run/user/7' }, false), '/run/user/7/flowshard.sock');
    assert.equal(defaultSocketPath({ XDG_RUNTIME_DIR: '/run/user/7/' }, true), '/run/flowshard.sock');
    assert.equal(defaultSocketPath({ XDG_RUNTIME_DIR: 'relative' }, false), '/run/flowshard.sock');
    for (const options of [
      { url: 'ftp://x' },
      { url: 'http://x/path' },
      { url: 'http://user@x' },
      { url: ':' },
      { url: 'x', socket: '/a' },
      { tokenFile: '/x' },
      { socket: '' },
    ])
      assert.throws(() => targetOf(options, {}), { name: 'OptionError' }, JSON.stringify(options));
  });
});
