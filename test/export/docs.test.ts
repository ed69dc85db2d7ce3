/** Ties docs/output.md to the code. Runs in the folder of the project, as all tests do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { StatusBit } from '../../src/export/connection.ts';
import { flowJson, flowLine, flowXml } from '../../src/export/flows.ts';
import { connectionJson, eventJson } from '../../src/export/json.ts';
import { procLine } from '../../src/export/proc.ts';
import { connectionSchema, eventSchema, flowSchema } from '../../src/export/schemas.ts';
import { connectionLine, eventLine } from '../../src/export/text.ts';
import { connectionXml, xmlBegin, xmlEnd } from '../../src/export/xml.ts';
import { counted, endedUdp, event, icmpv6, PLAIN, SEEN, tcp } from './samples.ts';

const page = readFileSync('docs/output.md', 'utf8');
const web = counted(tcp, [8, 1200], [6, 5400]);

it('the examples of docs/output.md are what is printed', () => {
  const syn = event('NEW', { ...tcp, state: 'SYN_SENT', status: StatusBit.CONFIRMED, timeoutS: 120 });
  const examples = [
    connectionLine(web, PLAIN),
    connectionLine(web, { ...PLAIN, extended: true, id: true }),
    eventLine(syn, PLAIN),
    eventLine(syn, { ...PLAIN, timestamp: true }),
    eventLine(event('UPDATE', { ...tcp, state: 'SYN_RECV', status: SEEN, timeoutS: 60 }), PLAIN),
    eventLine(event('DESTROY', { ...web, state: 'TIME_WAIT', timeoutS: 0 }), PLAIN),
    flowLine(endedUdp, PLAIN),
    procLine(icmpv6),
    `${xmlBegin()}${connectionXml(tcp)}\n${xmlEnd()}`.trimEnd(),
    connectionJson(web),
    eventJson({ ...event('DESTROY', endedUdp), atNs: endedUdp.end?.atNs ?? 0n }),
    flowJson(endedUdp),
  ];
  for (const example of examples) assert.ok(page.includes(`\n${example}\n`), `not in the page: ${example}`);
  const tail = flowXml(endedUdp);
  assert.ok(page.includes(`\n${tail.slice(tail.indexOf('<timestamp>'))}\n`));
});

it('docs/output.md names every key of the schemas', () => {
  for (const schema of [connectionSchema, eventSchema, flowSchema])
    for (const key of Object.keys(schema.properties ?? {})) assert.ok(page.includes(`\`${key}\``), key);
  const directionKeys = Object.keys(connectionSchema.properties?.original.properties ?? {});
  assert.ok(directionKeys.length > 0);
  for (const key of directionKeys) assert.ok(page.includes(`\`${key}\``), key);
});
