/**
 * Answers that are made while they are read. Nothing is made faster than the client takes it, and when the client goes
 * the making ends: the generator's `finally` runs.
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type Format, MEDIA } from './schemas/parts.ts';

/** Pieces of an answer. */
export type Pieces = AsyncGenerator<string | Uint8Array, void, void>;

/** Streams that have not ended; whoever ends the tracker waits for them. */
export interface OpenStreams {
  readonly open: Set<Pieces>;
}

/** How many entries there were: in the trailer, since it is known at the end only. */
export const COUNT_TRAILER = 'flowshard-entries';

const TYPES: Readonly<Record<Format, string>> = {
  ...MEDIA,
  text: `${MEDIA.text}; charset=utf-8`,
  xml: `${MEDIA.xml}; charset=utf-8`,
};

/** Bytes that may wait for a client before the making pauses. */
const WAITING_BYTES_MAX = 64 * 1024;

/**
 * Sends what `pieces` makes.
 *
 * Errors: whatever goes wrong before the first piece is thrown, and so gets an answer of its own; later ones
 *         can only break off the answer, which a client sees as an incomplete one
 */
export async function sendPieces(
  { open }: OpenStreams,
  reply: FastifyReply,
  format: Format,
  pieces: Pieces,
  count?: () => number,
): Promise<FastifyReply> {
  open.add(pieces);
  const ended = (): void => {
    void pieces.return().finally(() => open.delete(pieces));
  };
  const first = await pieces.next().catch((cause: unknown) => {
    ended();
    throw cause;
  });
  reply.header('content-type', TYPES[format]).header('cache-control', 'no-store');
  if (count !== undefined) reply.trailer(COUNT_TRAILER, async () => String(count()));
  const stream = Readable.from(rest(first, pieces), { objectMode: false, highWaterMark: WAITING_BYTES_MAX });
  // Also where the client goes before the second piece is asked for.
  stream.once('close', ended);
  return reply.send(stream);
}

async function* rest(first: IteratorResult<string | Uint8Array, void>, pieces: Pieces): Pieces {
  if (first.done) return;
  if (first.value.length > 0) yield first.value;
  yield* pieces;
}
