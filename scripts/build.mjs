// Bundles the command, the library and the entry points of the threads into dist/, and with --tests
// also the tests. Bundling is what turns offsets into constants on the packet path.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function filesBelow(folder, ending) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  define: { FLOWSHARD_VERSION: JSON.stringify(version) },
};

/** What `track` never loads stays the name of a source, so that its parts are few. */
const onlyTrack = {
  name: 'only-track',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\// }, ({ kind, path, importer }) =>
      kind === 'dynamic-import' &&
      /cli.(main|registry)\.ts$/.test(importer) &&
      !/^\.\/(program|track)\.ts$/.test(path)
        ? { path, external: true }
        : undefined,
    );
  },
};

/**
 * The command in parts, so that each of its commands loads what it needs and no more. A part of it is every set of modules
 * that the same commands share. `track` would load forty: made for itself it is few, and starts 25 ms earlier.
 */
async function buildCommand(dist) {
  await build({ ...common, entryPoints: { cli: join(root, 'src/cli/launch.ts') }, outdir: dist });
  for (const [folder, plugins] of [
    ['commands', []],
    ['track', [onlyTrack]],
  ]) {
    rmSync(join(dist, folder), { recursive: true, force: true });
    await build({
      ...common,
      external: Object.keys(dependencies),
      entryPoints: { main: join(root, 'src/cli/main.ts') },
      outdir: join(dist, folder),
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      plugins,
    });
  }
}

/**
 * Makes constants of a bundle constant again. esbuild declares all that modules share with `var`, and what V8 may have to
 * take for a variable it loads and checks at every use: 5 to 15 % of the packet path. Enums are left alone, whose
 * declarations name themselves, and whatever is assigned to again.
 */
function keepConstants(files) {
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(file, 'utf8');
    const isAssigned = (name) =>
      (text.match(new RegExp(`(?<![\\w$.])${name}\\s*(?:[-+*/%&|^]?=(?![=>])|\\+\\+|--)`, 'g'))?.length ??
        0) > 1;
    const kept = text.replace(/^var ([A-Za-z_]\w*) = (?!(?:\/\* @__PURE__ \*\/ )?\(\()/gm, (all, name) =>
      isAssigned(name) ? all : `const ${name} = `,
    );
    writeFileSync(file, kept);
  }
}

export async function buildAll({ tests = false } = {}) {
  const dist = join(root, 'dist');
  await buildCommand(dist);
  await build({
    ...common,
    external: Object.keys(dependencies),
    entryPoints: {
      index: join(root, 'src/index.ts'),
      'workers/ingest-thread': join(root, 'src/workers/ingest-thread.ts'),
      'workers/shard-thread': join(root, 'src/workers/shard-thread.ts'),
      'workers/kernel-thread': join(root, 'src/workers/kernel-thread.ts'),
      'workers/crowd-thread': join(root, 'src/workers/crowd-thread.ts'),
      'workers/router-thread': join(root, 'src/workers/router-thread.ts'),
      'workers/stage-thread': join(root, 'src/workers/stage-thread.ts'),
    },
    outdir: dist,
  });
  await build({
    ...common,
    packages: 'external',
    entryPoints: filesBelow('bench', '.ts'),
    outbase: join(root, 'bench'),
    outdir: join(dist, 'bench'),
  });
  keepConstants([...filesBelow('dist/workers', '.js'), ...filesBelow('dist/bench', '.js')]);
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
    {
      stdio: 'inherit',
    },
  );
  if (tsc.status !== 0) throw new Error('build: the type declarations could not be made');
  if (!tests) return;
  rmSync(join(dist, 'test'), { recursive: true, force: true });
  await build({
    ...common,
    packages: 'external',
    entryPoints: filesBelow('test', '.test.ts'),
    outbase: join(root, 'test'),
    outdir: join(dist, 'test'),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildAll({ tests: process.argv.includes('--tests') });
}
