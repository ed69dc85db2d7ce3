/** Texts of the files that are derived from declarations; generate.mjs writes or checks them. */
import { Outcome, REASONS } from '../src/common/reasons.ts';
import type { Layout } from '../src/shm/layout.ts';
import { textHash } from '../src/shm/layout.ts';
import { DESCRIPTOR, ENTRY_COLD, ENTRY_HOT, REPORT } from '../src/shm/layouts.ts';

const LAYOUTS = [ENTRY_HOT, ENTRY_COLD, DESCRIPTOR, REPORT];

function offsetsSource(): string {
  const enums = LAYOUTS.map((layout) => {
    const rows = layout.fields.map((f) => `  ${f.name} = ${layout.offsets.get(f.name)},`);
    return `/** Words of ${layout.name}. */\nexport enum ${layout.name} {\n${rows.join('\n')}\n  WORDS = ${layout.words},\n}\n`;
  });
  const hash = textHash(LAYOUTS.map((l) => l.hash).join());
  return [
    '/** Written by `npm run generate` from layouts.ts: do not edit. Enums, because esbuild turns their members into literals. */',
    ...enums,
    `/** Of all layouts together; a thread refuses memory that was laid out differently. */\nexport const LAYOUT_HASH = ${hash};\n`,
  ].join('\n');
}

function layoutPage(): string {
  const parts = LAYOUTS.map((layout: Layout) => {
    const rows = layout.fields.map((f) => {
      const at = layout.offsets.get(f.name) ?? 0;
      return `| ${at * 4} | ${f.words * 4} | \`${f.name}\` | ${f.type} | ${f.unit} | ${f.meaning} |`;
    });
    return `## ${layout.name}: ${layout.words * 4} bytes\n\n| byte | size | field | type | unit | meaning |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Layouts in shared memory\n\nPrinted from \`src/shm/layouts.ts\` by \`npm run generate\`.\n\n${parts.join('\n')}`;
}

function reasonsPage(): string {
  const rows = [...REASONS].map(
    ([number, r]) => `| ${number} | \`${r.name}\` | ${Outcome[r.outcome].toLowerCase()} | ${r.meaning} |`,
  );
  return `# Reasons\n\nPrinted from \`src/common/reasons.ts\` by \`npm run generate\`. Every packet that was not tracked has exactly one.\n\n| number | name | outcome | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

export function generatedFiles(): [string, string][] {
  return [
    ['src/shm/offsets.generated.ts', offsetsSource()],
    ['docs/memory-layout.md', layoutPage()],
    ['docs/reasons.md', reasonsPage()],
  ];
}
