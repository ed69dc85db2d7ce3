/** What keeps the folders apart and the packet path honest, read from the source itself. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, test } from 'node:test';

/** Which other folders of src a folder may import from; src/index.ts may import from all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: [],
  shm: ['common'],
  packet: ['common', 'shm'],
  conntrack: ['common', 'packet', 'shm'],
  ingest: ['common', 'packet', 'shm'],
  traffic: ['common', 'packet', 'shm', 'ingest'],
  export: ['common', 'packet', 'shm', 'conntrack'],
  query: ['common', 'packet', 'shm', 'export', 'control'],
  linux: [],
  live: ['common', 'packet', 'shm', 'ingest', 'linux'],
  kernel: ['common', 'packet', 'shm', 'conntrack', 'ingest', 'export', 'linux'],
  control: ['common', 'packet', 'shm', 'conntrack', 'export', 'query'],
  workers: [
    'common',
    'packet',
    'shm',
    'conntrack',
    'ingest',
    'export',
    'kernel',
    'query',
    'control',
    'live',
    'linux',
    'traffic',
  ],
  'event-file': ['common', 'shm', 'export', 'control'],
  api: ['common', 'packet', 'shm', 'conntrack', 'ingest', 'export', 'kernel', 'workers', 'query', 'control'],
  explain: ['common', 'packet', 'shm', 'conntrack', 'ingest', 'export'],
  client: ['common', 'export', 'api'],
  plot: [],
  design: ['common', 'packet', 'shm', 'conntrack', 'traffic', 'workers', 'plot'],
  cli: [
    'common',
    'packet',
    'shm',
    'conntrack',
    'ingest',
    'export',
    'explain',
    'kernel',
    'workers',
    'event-file',
    'api',
    'client',
    'query',
    'control',
    'live',
    'linux',
    'traffic',
    'plot',
    'design',
  ],
};

/** The decoder writes descriptors, so it knows their words and bits, but nothing that holds memory. */
const PACKET_MAY_IMPORT_OF_SHM = ['src/shm/bits.ts', 'src/shm/offsets.generated.ts'];

/** How threads with an event loop wait for owners of shared memory. */
const WAITS_BESIDE_THE_PATH = 'src/shm/promises.ts';
/** The ring that the kernel fills: its status words are shared with no thread, and not made here. */
const KERNEL_RING = 'src/live/packet-ring.ts';

const CLOCK_FILE = 'src/common/clock.ts';
const LINES_MAX = 500;
const README_LINES_MAX = 40;
/** Longer files, with their limit and the reason. */
const LONG_FILES: Readonly<Record<string, readonly [number, string]>> = {};

interface Source {
  /** With forward slashes, from the root of the repository. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Without comments, and with empty strings. */
  readonly code: string;
}

/** Comments, template texts, strings and regular expressions: what may contain anything. */
const NOT_CODE =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:?&|!] *)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\/[a-z]*/g;

function codeOf(text: string): string {
  return text.replaceAll(NOT_CODE, (match) => {
    if (match.startsWith('/')) return ' ';
    // What a template computes is code.
    if (match.startsWith('`'))
      return [...match.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => ` ${inner} `).join();
    return "''";
  });
}

function readSources(): Source[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = posix.join('src', ...name.split(sep));
      const text = readFileSync(path, 'utf8');
      const parts = path.split('/');
      return { path, folder: parts.length > 2 ? parts[1] : '', text, code: codeOf(text) };
    });
}

const SOURCES = readSources();
const FOLDERS = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Lines of code that match, as "file: match". */
function matches(pattern: RegExp, sources: readonly Source[] = SOURCES): string[] {
  return sources.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map(([match]) => `${path}: ${match}`),
  );
}

/** What a file imports: paths in src, from the root of the repository. */
function importsOf({ path, text }: Source): string[] {
  const names = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g)].map(([, name]) => name);
  return names.map((name) => posix.join(posix.dirname(path), name));
}

describe('the clock and chance', () => {
  const clockReads =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b|\bhrtime\b|\bMath\.random\b|\brandom(?:Bytes|Int|UUID|FillSync)\b|\bgetRandomValues\b|\bwebcrypto\b|\bprocess\.uptime\b/g;

  test('are read in one module only', () => {
    assert.deepEqual(
      matches(
        clockReads,
        SOURCES.filter(({ path }) => path !== CLOCK_FILE),
      ),
      [],
    );
    const clock = SOURCES.filter(({ path }) => path === CLOCK_FILE);
    assert.ok(matches(clockReads, clock).length >= 2, 'the pattern does not find the clock itself');
  });

  test('are out of reach of what must replay: the packet path imports no clock', () => {
    const pure = SOURCES.filter(({ folder }) =>
      ['packet', 'shm', 'conntrack', 'ingest', 'export'].includes(folder),
    );
    for (const source of pure) assert.ok(!importsOf(source).includes(CLOCK_FILE), source.path);
    // Timers are a clock as well; sources of bytes wait for a silent pipe.
    const timers = /\bset(?:Timeout|Interval|Immediate)\b/g;
    const waiting = ['src/ingest/byte-source.ts'];
    assert.deepEqual(
      matches(
        timers,
        pure.filter(({ path }) => !waiting.includes(path)),
      ),
      [],
    );
  });
});

test('numbers are written without the rules of a language, which take 20 ms to load', () => {
  const rules = /\bIntl\b|\btoLocale\w*|\blocaleCompare\b/g;
  const sources = SOURCES.filter(({ path }) => path !== 'src/common/grouped.ts');
  assert.deepEqual(matches(rules, sources), []);
});

describe('shared memory', () => {
  // Declarations of types make and change nothing.
  const outside = SOURCES.filter(
    ({ folder, path }) => folder !== 'shm' && !path.endsWith('.d.ts') && path !== KERNEL_RING,
  );

  test('is made in src/shm only', () => {
    const makes = /\bnew SharedArrayBuffer\b|\bWebAssembly\b/g;
    assert.deepEqual(matches(makes, outside), []);
    assert.ok(matches(makes).length > 0);
  });

  test('is synchronised in src/shm, and by workers on their control block', () => {
    assert.deepEqual(matches(/\bAtomics\.\w+\((?!control\b|task\.control\b)[^,)]*/g, outside), []);
    assert.deepEqual(
      matches(
        /\bAtomics\b/g,
        outside.filter(({ folder }) => folder !== 'workers'),
      ),
      [],
    );
    assert.ok(matches(/\bAtomics\.\w+\(/g).length > 10);
  });

  test('is named outside of src/shm only where threads hand it over', () => {
    const others = outside.filter(({ folder }) => folder !== 'workers');
    assert.deepEqual(matches(/\bSharedArrayBuffer\b/g, others), []);
  });
});

describe('folders', () => {
  for (const folder of FOLDERS) {
    test(`src/${folder} imports only what it may`, () => {
      const allowed = MAY_IMPORT[folder];
      assert.ok(allowed !== undefined, `say in test/architecture.test.ts what src/${folder} may import`);
      for (const source of SOURCES.filter((s) => s.folder === folder)) {
        for (const target of importsOf(source)) {
          assert.ok(existsSync(target), `${source.path} imports ${target}, which does not exist`);
          const [, other] = target.split('/');
          assert.ok(other === folder || allowed.includes(other), `${source.path} may not import ${target}`);
        }
      }
    });

    test(`src/${folder} has a README of at most ${README_LINES_MAX} lines`, () => {
      const path = join('src', folder, 'README.md');
      assert.ok(existsSync(path), `${path} is missing`);
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      assert.ok(lines.length <= README_LINES_MAX, `${path} has ${lines.length} lines`);
      assert.match(lines[0], /^# /);
    });
  }

  test('the decoder takes words and bits from src/shm, nothing else', () => {
    const taken = SOURCES.filter(({ folder }) => folder === 'packet').flatMap(importsOf);
    const ofShm = taken.filter((path) => path.startsWith('src/shm/'));
    assert.deepEqual(
      ofShm.filter((path) => !PACKET_MAY_IMPORT_OF_SHM.includes(path)),
      [],
    );
  });

  test('common stands alone, and imports of Node in what must replay are few', () => {
    const pure = SOURCES.filter(({ folder }) => ['packet', 'shm', 'conntrack'].includes(folder));
    for (const { path, text } of pure) assert.doesNotMatch(text, /from 'node:/, path);
    const common = SOURCES.filter(({ folder }) => folder === 'common');
    assert.deepEqual(
      common.flatMap(importsOf).filter((path) => !path.startsWith('src/common/')),
      [],
    );
  });
});

describe('source files', () => {
  test('say at the top what they are', () => {
    const silent = SOURCES.filter(
      ({ text }) => !/^(?:#![^\n]*\n)?\/\*\* ?\S|^(?:#![^\n]*\n)?\/\*\*\n \* \S/.test(text),
    );
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    );
  });

  test(`have at most ${LINES_MAX} lines, or a reason`, () => {
    for (const { path, text } of SOURCES) {
      const [limit, reason] = LONG_FILES[path] ?? [LINES_MAX, 'no reason'];
      const lines = text.trimEnd().split('\n').length;
      assert.ok(
        lines <= limit,
        `${path} has ${lines} lines, allowed ${limit} (${reason}): what second subject moved in?`,
      );
    }
    for (const path of Object.keys(LONG_FILES))
      assert.ok(existsSync(path), `${path} is gone: forget its reason`);
  });

  test('are strictly typed: no any, no non-null assertion, nothing switched off', () => {
    assert.deepEqual(matches(/[:<,|&(]\s*any\b(?!\s*[:(?])|\bas any\b/g), []);
    assert.deepEqual(matches(/[\w\])]!(?=[.[;,)\]\s}(])(?!\s*=)/g), []);
    for (const { path, text } of SOURCES) {
      assert.doesNotMatch(text, /@ts-(?:ignore|expect-error|nocheck)/, path);
      assert.doesNotMatch(text, /biome-ignore.*(?:noExplicitAny|noNonNullAssertion)/, path);
    }
  });

  test('do not do what costs too much on the packet path', () => {
    const hot = SOURCES.filter(
      ({ path }) =>
        path !== WAITS_BESIDE_THE_PATH &&
        /^src\/(?:packet|shm)\/|conntrack\/(?:tracker|tcp|tcp-window|tcp-segment|protocols)\.ts$/.test(path),
    );
    assert.deepEqual(
      matches(/\bBigInt\b|\bbigint\b|\b\d+n\b|\bBigU?Int64Array\b|\btry\s*\{|\basync\b|\bclass\b/g, hot),
      [],
    );
  });
});

describe('the patterns of this test', () => {
  const probe = (code: string): Source => ({ path: 'x', folder: 'x', text: code, code: codeOf(code) });
  const anyPattern = /[:<,|&(]\s*any\b(?!\s*[:(?])|\bas any\b/g;
  const nonNull = /[\w\])]!(?=[.[;,)\]\s}(])(?!\s*=)/g;

  test('find what they shall find and nothing else', () => {
    for (const code of [
      'let a: any;',
      'f<any>()',
      'x as any',
      'type T = string | any;',
      'Map<string, any>',
    ]) {
      assert.equal(matches(anyPattern, [probe(code)]).length, 1, code);
    }
    for (const code of ['let any = 1;', '// : any', "': any'", 'const many: number = 1;', '{ any: 1 }']) {
      assert.equal(matches(anyPattern, [probe(code)]).length, 0, code);
    }
    for (const code of ['a!.b', 'f(a!)', 'a[0]!;', 'g()![1]', 'x = y!;']) {
      assert.equal(matches(nonNull, [probe(code)]).length, 1, code);
    }
    for (const code of ['a != b', 'a !== b', 'if (!a) b', "'Stop!'", '/* yes! */', 'x = !y;']) {
      assert.equal(matches(nonNull, [probe(code)]).length, 0, code);
    }
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of source code
    assert.equal(matches(nonNull, [probe('`${a!.b} yes! `')]).length, 1);
    assert.equal(codeOf("a = /'/; b = '!';").includes('!'), false);
  });
});
