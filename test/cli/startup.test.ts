/** What a command loads when it starts: nothing that only others need. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { CLI, linesOf, tempFile } from './cli.ts';

/** Every package that is imported or required, one in a line on standard error. */
const HOOKS = tempFile(
  'hooks.mjs',
  `import { createRequire, register } from 'node:module';
const isPackage = (name) => !/^(?:[./]|file:|node:|data:)/.test(name);
export async function resolve(specifier, context, next) {
  if (isPackage(specifier)) process._rawDebug('loaded ' + specifier);
  return next(specifier, context);
}
if (!process.env.FLOWSHARD_HOOKED) {
  process.env.FLOWSHARD_HOOKED = '1';
  register(import.meta.url);
  const { builtinModules, Module } = createRequire(import.meta.url)('node:module');
  const { _load } = Module;
  Module._load = function (name, ...rest) {
    if (isPackage(name) && !builtinModules.includes(name)) process._rawDebug('loaded ' + name);
    return _load.call(this, name, ...rest);
  };
}
`,
);

function packagesOf(args: readonly string[]): Set<string> {
  const { stderr } = spawnSync(process.execPath, ['--import', HOOKS, CLI, ...args], { encoding: 'utf8' });
  const names = linesOf(stderr).filter((line) => line.startsWith('loaded '));
  return new Set(names.map((line) => line.slice('loaded '.length)));
}

describe('a command loads what it needs', () => {
  const NONE = ['--socket', '/nonexistent'];
  for (const args of [
    ['--version'],
    ['--help'],
    ['explain', '--help'],
    ['track', '--help'],
    ['gen', '-w', '/dev/null', '--packets', '10'],
    ['bench', '--help'],
    ['nonsense'],
    ['list', ...NONE],
    ['watch', ...NONE],
    ['stats', ...NONE],
    ['top', '--once', ...NONE],
  ]) {
    it(args.join(' '), () => assert.deepEqual([...packagesOf(args)], ['commander']));
  }

  it('conntrack: nothing', () => {
    assert.deepEqual([...packagesOf(['conntrack', '-V'])], []);
    assert.deepEqual([...packagesOf(['conntrack', '-L', ...NONE])], []);
  });
});
