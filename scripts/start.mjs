// npm start: the main job on a capture that comes with the project. Arguments after -- go to the
// command instead: npm start -- track -r FILE --print events
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const given = process.argv.slice(2);
const args =
  given.length > 0 ? given : ['track', '-r', join(root, 'examples', 'captures', 'mixed-traffic.pcap')];
const { status, signal } = spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
  stdio: 'inherit',
});
process.exit(signal === null ? (status ?? 1) : 1);
