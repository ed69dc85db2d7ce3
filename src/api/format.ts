/** Which form an answer has: `format` of the query, else what the Accept header names first. */
import { OptionError } from '../common/errors.ts';
import type { OutputOptions } from '../export/options.ts';
import { ApiError } from './errors.ts';
import { type Format, MEDIA } from './schemas/parts.ts';

/** Media types that are taken for a format, beside that of MEDIA. */
const ALIASES: Readonly<Record<string, Format>> = {
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/xml': 'xml',
};
const BY_TYPE: ReadonlyMap<string, Format> = new Map([
  ...Object.entries(MEDIA).map(([format, type]): [string, Format] => [type, format as Format]),
  ...Object.entries(ALIASES),
]);

/** What an Accept header asks for, the most wanted first. */
function wanted(accept: string): string[] {
  return accept
    .split(',', 32)
    .map((part) => {
      const [type, ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((p) => /^\s*q=([\d.]+)\s*$/.exec(p)?.[1]).find((value) => value !== undefined);
      return { type: type.trim(), q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ type }) => type);
}

/**
 * The format of an answer; the first of `offered` where the client does not care.
 *
 * Errors: ApiError 406 when the Accept header has none that is offered
 */
export function formatOf(
  format: Format | undefined,
  accept: string | undefined,
  offered: readonly Format[],
): Format {
  if (format !== undefined) return format;
  if (accept === undefined || accept.trim() === '') return offered[0];
  for (const type of wanted(accept)) {
    if (type === '*/*') return offered[0];
    const main = type.endsWith('/*') ? type.slice(0, -1) : null;
    const found = main === null ? BY_TYPE.get(type) : offered.find((one) => MEDIA[one].startsWith(main));
    if (found !== undefined && offered.includes(found)) return found;
  }
  throw new ApiError(
    406,
    'not_acceptable',
    'none of the accepted media types is there',
    `There are ${offered.map((f) => MEDIA[f]).join(', ')}`,
  );
}

const PLAIN: OutputOptions = { format: 'text', extended: false, timestamp: false, id: false };

const OUTPUT_WORDS = ['extended', 'id', 'timestamp', 'halves'] as const;

/** The words of `output`; the format has a key of its own. Errors: OptionError for an unknown word */
export function outputOf(output: string | undefined): OutputOptions {
  if (output === undefined || output === '') return PLAIN;
  const words = output.split(',');
  const unknown = words.find((word) => !OUTPUT_WORDS.some((one) => one === word));
  if (unknown !== undefined)
    throw new OptionError('output', unknown, `a comma list of ${OUTPUT_WORDS.join(', ')}`);
  const given = OUTPUT_WORDS.map((word): [string, boolean] => [word, words.includes(word)]);
  return { ...PLAIN, ...Object.fromEntries(given) };
}
