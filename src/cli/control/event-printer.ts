/** Events on standard output, as conntrack -E prints them or as the JSON that came; and their types by name. */
import { OptionError } from '../../common/errors.ts';
import type { OutputOptions } from '../../export/options.ts';
import { eventLine } from '../../export/text.ts';
import { eventXml, xmlBegin, xmlEnd } from '../../export/xml.ts';
import type { StandardOutput } from '../output.ts';
import { eventOf, type Happening } from './events.ts';

const TYPES: Readonly<Record<string, readonly string[]>> = {
  ALL: ['NEW', 'UPDATE', 'DESTROY'],
  NEW: ['NEW'],
  UPDATES: ['UPDATE'],
  DESTROY: ['DESTROY'],
};

/** Names of conntrack to those of the API. */
export function eventTypes(values: readonly string[] | undefined): string | undefined {
  const words = values?.join(',').split(',');
  return words
    ?.flatMap((word) => {
      const types = TYPES[word.trim().toUpperCase()];
      if (types === undefined)
        throw new OptionError('-e/--event-mask', word, `a comma list of ${Object.keys(TYPES).join(', ')}`);
      return types;
    })
    .join(',');
}

/** How events are written to standard output. */
export interface EventPrinter {
  event(happening: Extract<Happening, { kind: 'event' }>): void;
  /** Whether the line of anything else belongs to the output. */
  readonly isJson: boolean;
  /** After the last one. */
  finish(): void;
}

export function createEventPrinter(form: OutputOptions, out: StandardOutput): EventPrinter {
  let isBegun = false;
  const begin = (): void => {
    if (!isBegun) out.raw(xmlBegin());
    isBegun = true;
  };
  if (form.format === 'json') return { isJson: true, event: ({ line }) => out.line(line), finish: () => {} };
  if (form.format === 'xml')
    return {
      isJson: false,
      event({ line, record }) {
        begin();
        out.line(eventXml(eventOf(line, record), form));
      },
      finish: () => isBegun && out.raw(xmlEnd()),
    };
  return {
    isJson: false,
    event: ({ line, record }) => out.line(eventLine(eventOf(line, record), form)),
    finish: () => {},
  };
}
