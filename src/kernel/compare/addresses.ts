/** Addresses as 8 or 32 hexadecimal digits, whatever text or bytes they came in. */

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function dotted(text: string): string {
  return text
    .split('.')
    .map((byte) => hex(Number(byte), 2))
    .join('');
}

function groups(text: string): string {
  if (text === '') return '';
  return text
    .split(':')
    .map((group) => (group.includes('.') ? dotted(group) : group.padStart(4, '0')))
    .join('');
}

/** Of text in any of the usual forms. */
export function addressOfText(text: string): string {
  if (!text.includes(':')) return dotted(text);
  const [head, tail] = text.split('::');
  if (tail === undefined) return groups(head);
  const front = groups(head);
  const back = groups(tail);
  return front + '0'.repeat(32 - front.length - back.length) + back;
}

export function addressOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
