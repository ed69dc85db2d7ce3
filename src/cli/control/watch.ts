/** `flowshard watch`: what happens to connections, as it happens. */
import type { Command } from 'commander';
import { ExitStatus } from '../../common/errors.ts';
import { addHelp } from '../help.ts';
import { collect, wholeNumber } from '../usage.ts';
import { addTargetOptions, COMMON_EXITS, runWithClient, type TargetFlags } from './ask.ts';
import { createEventPrinter, eventTypes } from './event-printer.ts';
import { followEvents, gapWords, type Happening, interruptSignal } from './events.ts';
import { addFilter, FILTER_SECTION, type FilterFlags, filterQuery } from './filter.ts';
import { addFormOptions, type FormFlags, formOf } from './form.ts';
import { closingLine, complain } from './print.ts';

interface WatchFlags extends TargetFlags, FormFlags {
  readonly eventMask?: readonly string[];
  readonly since?: string;
  readonly limit?: number;
  readonly follow: boolean;
  readonly retry: number;
  readonly quiet?: true;
}

const RETRY_S = 60;
const RETRY_S_MAX = 86_400;

export function defineWatch(command: Command): void {
  addFormOptions(addFilter(command))
    .option('-e, --event-mask <types>', 'comma list of NEW, UPDATES, DESTROY, ALL (default: "ALL")', collect)
    .option('--since <position>', 'begin there: a position that --json has shown')
    .option('--no-follow', 'end with the last event that has happened')
    .option('--limit <n>', 'end after so many', wholeNumber('--limit', 1, Number.MAX_SAFE_INTEGER))
    .option(
      '--retry <seconds>',
      'when the connection is lost try again for so long',
      wholeNumber('--retry', 0, RETRY_S_MAX),
      RETRY_S,
    )
    .option('-q, --quiet', 'do not say how many there were');
  addTargetOptions(command).action((words: readonly string[], flags: WatchFlags & FilterFlags) =>
    watch(words, flags),
  );
  addHelp(command, {
    before: [FILTER_SECTION],
    examples: [
      ['flowshard watch', 'as conntrack -E, until Ctrl-C'],
      ['flowshard watch -e NEW,DESTROY tcp dport 22 -o timestamp,id', 'some types of some connections'],
      ['flowshard watch --json', 'one JSON object to a line: events, gaps, positions'],
      ["flowshard watch --json --since '5f3a9c01/0:123,1:77' --no-follow", 'what has happened since then'],
    ],
    after: [
      {
        title: 'Gaps',
        lines: [
          'Events that were overwritten before they could be read are told on standard error with their numbers, with --json as',
          'records. A lost connection goes on where it stopped. A tracker that was started anew begins anew: that is told as well.',
        ],
      },
    ],
    exits: [
      ...COMMON_EXITS.slice(0, 1),
      [1, 'no tracker answers, or not again within --retry'],
      ...COMMON_EXITS.slice(2),
    ],
  });
}

/** What is no event, in words. */
export function tell(happening: Happening): void {
  switch (happening.kind) {
    case 'gap':
      complain(gapWords(happening.record));
      break;
    case 'restart':
      complain('the tracker was started anew: what happened to connections before is not known');
      break;
    case 'lost':
      complain(`${happening.why}; trying again`);
      break;
    case 'back':
      complain('the tracker answers again');
      break;
  }
}

async function watch(words: readonly string[], flags: WatchFlags & FilterFlags): Promise<void> {
  const form = formOf(flags);
  const signal = interruptSignal();
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  await runWithClient(flags, async (client, out) => {
    const printer = createEventPrinter(form, out);
    let count = 0;
    const options = {
      query: { ...filterQuery(words, flags), types: eventTypes(flags.eventMask) },
      since: flags.since ?? null,
      isOnce: !flags.follow,
      retryS: flags.retry,
      signal,
    };
    try {
      for await (const batch of followEvents(client, flags.maxTime, options)) {
        for (const happening of batch) {
          if (happening.kind !== 'event') {
            if (printer.isJson && 'line' in happening) out.line(happening.line);
            else tell(happening);
          } else if (count < limit) {
            printer.event(happening);
            count++;
          }
        }
        await out.drained();
        if (count >= limit || out.isClosed() || signal.aborted) break;
      }
    } finally {
      printer.finish();
      await out.flushed();
      if (!flags.quiet && !out.isClosed()) process.stderr.write(closingLine(count, 'flow events', 'shown'));
    }
    return ExitStatus.OK;
  });
}
