/** node dist/bench/republish.js: what is published, made anew from its figures, when only words have changed. */
import { join } from 'node:path';
import { readFigures } from './lib/results.ts';
import { projectRoot } from './lib/root.ts';
import { PUBLISHED, publish } from './publish/publish.ts';

for (const name of publish(readFigures(join(projectRoot(), PUBLISHED)))) console.log(name);
