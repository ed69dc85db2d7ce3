// Makes a fresh clone ready: installs what package-lock.json names, unless that was done, and builds.
// Runs before npm start, npm test and npm run bench. Needs nothing but Node and npm; after the first
// time it needs no network.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MIN = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
  console.error(`flowshard needs Node ${NODE_MIN.join('.')} or later; this is ${process.versions.node}.`);
  process.exit(1);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: false });
  if (error !== undefined || status !== 0) {
    console.error(
      `setup: ${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`,
    );
    process.exit(1);
  }
}

const stamp = join(root, 'node_modules', '.flowshard-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}
run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
