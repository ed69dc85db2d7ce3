/** What `--print` prints: each printer turns reports, and what is alive at the end, into lines. */

import { REASONS, type Reason } from '../common/reasons.ts';
import { tickMsOf } from '../common/tick.ts';
import { ReportMode } from '../conntrack/reporter.ts';
import type { Connection, EventType } from '../export/connection.ts';
import { END_REASONS, timeNs, withExpected } from '../export/entry-view.ts';
import { createEntryWriter, ENTRY_WORDS } from '../export/entry-writer.ts';
import {
  type Expectation,
  expectationJson,
  expectationLine,
  expectationProcLine,
  expectationXml,
  expectXmlBegin,
  expectXmlEnd,
} from '../export/expectation.ts';
import { flowJson, flowLine, flowXml } from '../export/flows.ts';
import { eventJson } from '../export/json.ts';
import { VERDICT_NAMES } from '../export/names.ts';
import { procLine } from '../export/proc.ts';
import { eventLine, type OutputOptions } from '../export/text.ts';
import { eventXml, xmlBegin, xmlEnd } from '../export/xml.ts';
import { EndCode, ReportType, Verdict } from '../shm/bits.ts';
import type { LiveEntries } from '../workers/live-entries.ts';
import { eventOf, type OrderedReport, reportConnection } from '../workers/report-order.ts';
import type { Output } from './output.ts';

export const PRINT_KINDS = ['table', 'flows', 'events', 'expect', 'trace', 'none'] as const;
export type PrintKind = (typeof PRINT_KINDS)[number];

/** What is alive after the last packet, oldest first. */
export interface Alive {
  connections(): Connection[];
  /** The same where they lie. */
  entries(): LiveEntries;
  expectations(): Expectation[];
}

export interface Printer {
  /** What the shards must report for it. */
  readonly mode: ReportMode;
  report(report: OrderedReport): void;
  finish(alive: Alive, endNs: bigint): Promise<void>;
  /** Closing words for people, or null. */
  closing(): string | null;
}

export interface PrinterOptions {
  readonly output: OutputOptions;
  /** Event types to print. */
  readonly eventTypes: ReadonlySet<EventType>;
  /** Trace: print the table with each packet while it has at most so many lines; 0 for never. */
  readonly traceTable: number;
}

const NOTHING = (): void => {};
const NOTHING_LATER = (): Promise<void> => Promise.resolve();

/** Lines between two looks whether the reader keeps up. */
const LINES_PER_WAIT = 1000;

/** `1 flow entry has been shown.` */
function shown(count: number, one: string, many: string, verb: string): string {
  return `${count} ${count === 1 ? `${one} has` : `${many} have`} been ${verb}.`;
}

/** Lines of a document that, in XML, is opened by its first line and closed at the end. */
function createDocument(out: Output, isXml: boolean, begin = xmlBegin, end = xmlEnd) {
  let lines = 0;
  return {
    line(text: string): void {
      if (isXml && lines === 0) out.raw(begin());
      lines++;
      out.line(text);
    },
    end(): void {
      if (isXml && lines > 0) out.raw(end());
    },
    /** All of them, no faster than they are read. */
    async all<T>(items: readonly T[], text: (item: T) => string): Promise<void> {
      for (let i = 0; i < items.length && !out.isClosed(); i++) {
        this.line(text(items[i]));
        if (i % LINES_PER_WAIT === 0) await out.drained();
      }
    },
    lines: () => lines,
  };
}

function tablePrinter(out: Output, { output }: PrinterOptions): Printer {
  const isXml = output.format === 'xml';
  let lines = 0;

  /** As bytes, since tables are long; no faster than they are read. */
  async function print(entries: LiveEntries): Promise<void> {
    const writer = createEntryWriter({ output, expected: entries.expectedCounts() });
    const words = new Int32Array(ENTRY_WORDS);
    if (isXml && entries.count > 0) writer.text(xmlBegin());
    for (; lines < entries.count && !out.isClosed(); lines++) {
      writer.write(words, 0, entries.copy(lines, words));
      if (writer.isFull()) await out.bytes(writer.take());
    }
    if (isXml && entries.count > 0) writer.text(xmlEnd());
    await out.bytes(writer.take());
  }

  return {
    mode: ReportMode.NOTHING,
    report: NOTHING,
    finish: (alive) => print(alive.entries()),
    closing: () => shown(lines, 'flow entry', 'flow entries', 'shown'),
  };
}

function expectPrinter(out: Output, { output }: PrinterOptions): Printer {
  const document = createDocument(out, output.format === 'xml', expectXmlBegin, expectXmlEnd);
  const forms = {
    text: expectationLine,
    json: expectationJson,
    xml: expectationXml,
    proc: expectationProcLine,
  };
  return {
    mode: ReportMode.NOTHING,
    report: NOTHING,
    async finish(alive) {
      await document.all(alive.expectations(), forms[output.format]);
      document.end();
    },
    closing: () => shown(document.lines(), 'expectation', 'expectations', 'shown'),
  };
}

function flowPrinter(out: Output, { output }: PrinterOptions): Printer {
  const document = createDocument(out, output.format === 'xml');
  const text = { text: flowLine, json: flowJson, xml: flowXml, proc: flowLine }[output.format];
  return {
    mode: ReportMode.ENDS,
    report(report) {
      const connection = report.type === ReportType.END ? reportConnection(report) : null;
      if (connection !== null) document.line(text(connection, output));
    },
    async finish(alive, endNs) {
      const end = { atNs: endNs, reason: END_REASONS[EndCode.END_OF_CAPTURE] };
      await document.all(alive.connections(), (c) => text({ ...c, end }, output));
      document.end();
    },
    closing: () => shown(document.lines(), 'flow record', 'flow records', 'shown'),
  };
}

function eventPrinter(out: Output, { output, eventTypes }: PrinterOptions): Printer {
  const document = createDocument(out, output.format === 'xml');
  const text = { text: eventLine, json: eventJson, xml: eventXml, proc: eventLine }[output.format];
  return {
    mode: ReportMode.EVENTS,
    report(report) {
      const event = eventOf(report);
      if (event !== null && eventTypes.has(event.type)) document.line(text(event, output));
    },
    async finish() {
      document.end();
    },
    closing: () => shown(document.lines(), 'flow event', 'flow events', 'shown'),
  };
}

function reasonName(reason: Reason): string {
  return REASONS.get(reason)?.name ?? String(reason);
}

/** Connections as the reports tell of them, to print the table after each packet. */
function createReplica(linesMax: number) {
  const alive = new Map<number, OrderedReport>();
  return {
    apply(report: OrderedReport): void {
      if (report.words === null) return;
      if (report.type === ReportType.END) alive.delete(report.created);
      else alive.set(report.created, report);
    },
    lines(tickMs: number): string[] | null {
      if (linesMax === 0 || alive.size > linesMax) return null;
      const connections = [...alive.values()].flatMap(
        (report) => reportConnection({ ...report, tickMs }) ?? [],
      );
      return withExpected(connections).map((c) => procLine(c));
    },
  };
}

function tracePrinter(out: Output, { output, traceTable }: PrinterOptions): Printer {
  // With ids, as the kernel's traces have them.
  const withId = { ...output, id: true };
  const replica = createReplica(traceTable);
  let events: string[] = [];
  let packets = 0;

  function packetLine(report: OrderedReport): string {
    const time = timeNs(report.sec, report.nsec);
    const why = report.reason !== 0 ? `,"why":${JSON.stringify(reasonName(report.reason))}` : '';
    const ev = report.verdict === Verdict.SKIP ? '' : `,"ev":${JSON.stringify(events)}`;
    const lines = replica.lines(tickMsOf(report.sec, report.nsec));
    const tab = lines === null || report.verdict === Verdict.SKIP ? '' : `,"tab":${JSON.stringify(lines)}`;
    return `{"n":${report.number},"t":${time},"ct":${JSON.stringify(VERDICT_NAMES[report.verdict])}${why}${ev}${tab}}`;
  }

  return {
    mode: ReportMode.PACKETS,
    report(report) {
      replica.apply(report);
      const event = eventOf(report);
      if (event !== null) events.push(eventLine(event, withId).trim());
      if (report.type !== ReportType.PACKET) return;
      packets++;
      out.line(packetLine(report));
      if (report.verdict !== Verdict.SKIP) events = [];
    },
    async finish() {
      if (events.length > 0) out.line(`{"late":${JSON.stringify(events)}}`);
    },
    closing: () => shown(packets, 'packet', 'packets', 'traced'),
  };
}

function silentPrinter(): Printer {
  return { mode: ReportMode.NOTHING, report: NOTHING, finish: NOTHING_LATER, closing: () => null };
}

export function createPrinter(kind: PrintKind, out: Output, options: PrinterOptions): Printer {
  switch (kind) {
    case 'table':
      return tablePrinter(out, options);
    case 'flows':
      return flowPrinter(out, options);
    case 'events':
      return eventPrinter(out, options);
    case 'expect':
      return expectPrinter(out, options);
    case 'trace':
      return tracePrinter(out, options);
    default:
      return silentPrinter();
  }
}
