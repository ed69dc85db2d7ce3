// Writes what is derived from the declarations in the source: the offsets that the packet path uses
// and the tables in docs/. With --check it only says whether they are current.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

async function load(entry) {
  const outfile = join(root, 'dist', 'generate', `${entry.replaceAll('/', '-')}.mjs`);
  await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { FLOWSHARD_VERSION: '"generated"' },
    outfile,
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

const { generatedFiles } = await load('scripts/generated-files.ts');
const { manPage } = await load('src/cli/man-page.ts');
const files = [...generatedFiles(), ['docs/man/flowshard.1', await manPage()]];
const check = process.argv.includes('--check');
let stale = 0;
for (const [name, text] of files) {
  const path = join(root, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (check) {
    console.error(`${name} is not current: run npm run generate`);
    stale++;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.error(`wrote ${name}`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;
