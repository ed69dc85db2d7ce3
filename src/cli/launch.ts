#!/usr/bin/env node
/** What `flowshard` starts: the command, from a build that has what `track` needs, or from one that has everything (scripts/build.mjs). */
const folder = process.argv[2] === 'track' ? 'track' : 'commands';
await import(new URL(`./${folder}/main.js`, import.meta.url).href);
