/** Cuts bytes that come in pieces into lines. */
const LINE_FEED = 10;

/**
 * The lines of each piece, as they become whole, without their line feeds. A last line without one is given as well.
 *
 * Cost: each byte is looked at once; a line that came in several pieces is copied once
 */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<string[], void, void> {
  let open: Buffer[] = [];
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(LINE_FEED);
    if (end < 0) {
      open.push(piece);
      continue;
    }
    const whole = Buffer.concat([...open, piece.subarray(0, end)]).toString();
    open = end + 1 < piece.length ? [piece.subarray(end + 1)] : [];
    yield whole.split('\n');
  }
  if (open.length > 0) yield Buffer.concat(open).toString().split('\n');
}
