/** What a run prints, as lines, through the printers of the command. */

import type { Output } from '../../src/cli/output.ts';
import { createPrinter, type PrintKind } from '../../src/cli/printers.ts';
import type { ReportMode } from '../../src/conntrack/reporter.ts';
import { timeNs } from '../../src/export/entry-view.ts';
import { parseOutput } from '../../src/export/text.ts';
import type { CaptureReader } from '../../src/ingest/reader.ts';
import { parseTrace, type TraceRow } from '../../src/kernel/compare/trace.ts';
import { type Simulation, type SimulationOptions, simulate } from './simulate.ts';

export interface Print {
  readonly kind: PrintKind;
  /** As of -o. */
  readonly output: string;
  readonly traceTable?: number;
}

export function memoryOutput(): Output & { text(): string } {
  const parts: string[] = [];
  return {
    line: (text) => parts.push(text, '\n'),
    raw: (text) => parts.push(text),
    bytes: async (bytes) => void parts.push(Buffer.from(bytes).toString('latin1')),
    drained: () => Promise.resolve(),
    isClosed: () => false,
    text: () => parts.join(''),
  };
}

export function printerFor(print: Print) {
  const out = memoryOutput();
  const printer = createPrinter(print.kind, out, {
    output: parseOutput(print.output),
    eventTypes: new Set(['NEW', 'UPDATE', 'DESTROY'] as const),
    traceTable: print.traceTable ?? 0,
  });
  return { out, printer };
}

type Options = Omit<SimulationOptions, 'mode' | 'onReports'>;

/** Runs once in one thread and gives what each of the prints would have shown. */
export async function printed(
  reader: CaptureReader,
  prints: readonly Print[],
  mode: ReportMode,
  options: Options,
): Promise<{ readonly texts: string[]; readonly run: Simulation }> {
  const printers = prints.map(printerFor);
  const run = await simulate(reader, {
    ...options,
    mode,
    onReports(reports) {
      for (const report of reports) for (const { printer } of printers) printer.report(report);
    },
  });
  for (const { printer } of printers) await printer.finish(run, timeNs(run.end.sec, run.end.nsec));
  return { texts: printers.map(({ out }) => out.text()), run };
}

export async function tracedRows(
  reader: CaptureReader,
  traceTable: number,
  mode: ReportMode,
  options: Options,
): Promise<TraceRow[]> {
  const { texts } = await printed(reader, [{ kind: 'trace', output: 'text', traceTable }], mode, options);
  return parseTrace(texts[0]);
}
