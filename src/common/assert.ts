/** A broken invariant: a bug of ours. It stops the shard and says why. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Stays on in production; never called per packet with a computed message. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
