/** `-o` and `--json` of the commands that print entries, as what the API is asked for. */
import { type Command, Option } from 'commander';
import type { Query } from '../../client/client.ts';
import { OptionError } from '../../common/errors.ts';
import { type OutputOptions, parseOutput } from '../../export/options.ts';
import { collect } from '../usage.ts';

export interface FormFlags {
  readonly output?: readonly string[];
  readonly json?: true;
}

export function addFormOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-o, --output <form>',
        'comma list of text, json or xml, and extended, timestamp, id, halves (default: "text")',
      ).argParser(collect),
    )
    .option('--json', 'one JSON object to a line, as -o json');
}

/** Errors: OptionError */
export function formOf({ output = [], json }: FormFlags): OutputOptions {
  const words = json ? [...output, 'json'] : output;
  const form = parseOutput(words.length === 0 ? 'text' : words.join(','));
  if (form.format === 'proc')
    throw new OptionError('-o/--output', 'proc', 'text, json or xml: proc is for captures only');
  return form;
}

/** Keys of the query that choose the form. */
export function formQuery(form: OutputOptions): Query {
  const words = (['extended', 'id', 'halves'] as const).filter((word) => form[word]);
  return {
    format: form.format === 'json' ? 'ndjson' : form.format,
    output: form.format === 'text' && words.length > 0 ? words.join(',') : undefined,
  };
}
