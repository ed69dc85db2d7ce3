/** Sentences in lines of a given width. */

const WIDTH_MIN = 24;

/**
 * Breaks a text between words.
 *
 * Units:  characters; every line begins with `indent` spaces and is at most `width` long, unless a word is longer
 */
export function wrap(text: string, indent: number, width: number): string[] {
  const room = Math.max(WIDTH_MIN, width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((each) => ' '.repeat(indent) + each);
}
