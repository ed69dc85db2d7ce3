/** Every entry and every event of every fixture capture, as bytes, is what the string functions make of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { ReportMode } from '../../src/conntrack/reporter.ts';
import { connectionOf, type EntryWords } from '../../src/export/entry-view.ts';
import { createEntryWriter } from '../../src/export/entry-writer.ts';
import { connectionJson, eventJson } from '../../src/export/json.ts';
import { procLine } from '../../src/export/proc.ts';
import { connectionLine, eventLine, parseOutput } from '../../src/export/text.ts';
import { connectionXml, eventXml, xmlBegin, xmlEnd } from '../../src/export/xml.ts';
import { openCapture } from '../../src/ingest/open-capture.ts';
import { Report } from '../../src/shm/offsets.generated.ts';
import { eventOf, type OrderedReport } from '../../src/workers/report-order.ts';
import { FIXTURES, filesBelow } from '../conformance/places.ts';
import { printerFor } from '../conformance/run-trace.ts';
import { type Simulation, simulate } from '../conformance/simulate.ts';

const CAPTURES = join(FIXTURES, 'captures');
const OUTPUTS = ['text,extended,id,halves,timestamp', 'json', 'xml', 'proc'].map((words) => {
  const output = parseOutput(words);
  return { output, writer: createEntryWriter({ output }) };
});
const LINES = { text: connectionLine, json: connectionJson, xml: connectionXml, proc: procLine };
const EVENT_LINES = { text: eventLine, json: eventJson, xml: eventXml, proc: eventLine };

/** The table at the end, as the command prints it. */
async function compareTables(name: string, run: Simulation): Promise<void> {
  const connections = run.connections();
  for (const { output } of OUTPUTS) {
    const { out, printer } = printerFor({ kind: 'table', output: output.format });
    await printer.finish(run, 0n);
    const plain = parseOutput(output.format);
    let text = connections.map((c) => `${LINES[output.format](c, plain)}\n`).join('');
    if (output.format === 'xml' && text !== '') text = `${xmlBegin()}${text}${xmlEnd()}`;
    assert.equal(out.text(), text, name);
    const noun = connections.length === 1 ? 'flow entry has' : 'flow entries have';
    assert.equal(printer.closing(), `${connections.length} ${noun} been shown.`);
  }
}

/** The words of a report again, as they were in the ring. */
function reportWords(report: OrderedReport, entry: EntryWords): Int32Array {
  const words = new Int32Array(Report.WORDS);
  words[Report.TYPE] = report.type;
  words[Report.SEC] = report.sec;
  words[Report.NSEC] = report.nsec;
  words[Report.EVENTS] = report.events;
  words[Report.END] = report.endCode;
  words[Report.TICK] = report.tickMs;
  words.set(entry.hot, Report.HOT);
  return words;
}

it('every fixture', async (t) => {
  let entries = 0;
  let events = 0;

  function compare(report: OrderedReport): void {
    if (report.words === null) return;
    const connection = connectionOf(report.words, report.tickMs, null);
    const event = eventOf(report);
    const words = reportWords(report, report.words);
    for (const { output, writer } of OUTPUTS) {
      writer.write(words, Report.HOT, report.tickMs);
      let text = `${LINES[output.format](connection, output)}\n`;
      if (event !== null) text += `${EVENT_LINES[output.format](event, output)}\n`;
      assert.equal(writer.writeEvent(words, 0), event !== null);
      assert.equal(Buffer.from(writer.take()).toString('latin1'), text);
    }
    entries++;
    if (event !== null) events++;
  }

  for (const name of filesBelow(CAPTURES)) {
    if (name.endsWith('.tsv')) continue;
    const run = await simulate(await openCapture(join(CAPTURES, name)), {
      shards: 2,
      mode: ReportMode.PACKETS,
      onReports: (reports) => reports.forEach(compare),
    });
    await compareTables(name, run);
  }
  t.diagnostic(`${entries} entries, ${events} events`);
  assert.ok(entries > 5000 && events > 1000, `${entries} entries, ${events} events`);
});
