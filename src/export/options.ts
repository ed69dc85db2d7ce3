/** The value of -o / --output. */
import { OptionError } from '../common/errors.ts';

export interface OutputOptions {
  readonly format: 'text' | 'json' | 'xml' | 'proc';
  /** Text: layer 3 name and number in front, as in /proc. */
  readonly extended: boolean;
  /** Events: time in front of a line of text, `<when>` in XML. JSON always has the time. */
  readonly timestamp: boolean;
  /** Text: the id at the end of a line. JSON and XML always have it. */
  readonly id: boolean;
  /** Text: the halves that were seen, behind the id. JSON and flow records always have them. */
  readonly halves?: boolean;
}

const OPTION = '-o/--output';
const ALLOWED = 'a comma list of text, extended, json, xml, proc, timestamp, id, halves';

/**
 * Reads the words after -o. An option given more than once is joined with commas first.
 *
 * Errors:  OptionError for a word that is unknown and for two formats
 */
export function parseOutput(value: string): OutputOptions {
  const options = { extended: false, timestamp: false, id: false, halves: false };
  let format: OutputOptions['format'] | undefined;
  for (const word of value.split(',')) {
    if (word === 'extended' || word === 'timestamp' || word === 'id' || word === 'halves') {
      options[word] = true;
    } else if (word !== 'text' && word !== 'json' && word !== 'xml' && word !== 'proc') {
      throw new OptionError(OPTION, word, ALLOWED, 'For example: -o extended,id');
    } else if (format !== undefined && format !== word) {
      throw new OptionError(OPTION, value, 'one of text, json, xml, proc', `Leave out ${format} or ${word}`);
    } else {
      format = word;
    }
  }
  return { format: format ?? 'text', ...options };
}
