// npm test: generated files, types, lint and format, then every test. Arguments name test files (a
// part of their path is enough); --soak runs the long ones too.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
/** For one file of tests, on a machine that is busy with other things. */
const FILE_LIMIT_MS = 10 * 60_000;
const SOAK_FILE_LIMIT_MS = 3 * 3600_000;
const isSoak = process.argv.includes('--soak');

function step(name, script, args, env = process.env) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [...script, ...args], { cwd: root, stdio: 'inherit', env });
  if (status !== 0) {
    console.error(`npm test: ${name} failed`);
    process.exit(1);
  }
}

const bin = (name, path) => [join(root, 'node_modules', name, path)];
if (wanted.length === 0) {
  step('generated files', [join(root, 'scripts', 'generate.mjs')], ['--check']);
  step('types', bin('typescript', 'bin/tsc'), ['--noEmit', '-p', root]);
  step('lint and format', bin('@biomejs/biome', 'bin/biome'), ['check', '--error-on-warnings', '.']);
}
await buildAll({ tests: true });
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => join(root, 'dist', 'test', file));
if (files.length === 0) {
  console.error(`npm test: no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
// A file that does not end, a failed test may have left something open, fails by its name instead of keeping all.
const limitMs = isSoak ? SOAK_FILE_LIMIT_MS : FILE_LIMIT_MS;
function runTests(name, chosen, concurrency) {
  if (chosen.length === 0) return;
  step(
    name,
    ['--enable-source-maps', '--test', `--test-concurrency=${concurrency}`, `--test-timeout=${limitMs}`],
    chosen,
    { ...process.env, ...(isSoak ? { FLOWSHARD_SOAK: '1' } : {}) },
  );
}
// What these do to the host would meet the others. First, so that the sums at the end are those of the many.
const isAlone = (file) => file.startsWith(join(root, 'dist', 'test', 'host'));
runTests('tests of the host', files.filter(isAlone), 1);
runTests(
  isSoak ? 'tests (soak)' : 'tests',
  files.filter((file) => !isAlone(file)),
  2,
);
