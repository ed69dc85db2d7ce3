/** What keeps an interface from being watched, in words: what is wrong, and what to do about it. */

export interface LiveErrorFields {
  /** The interface, or the option, that it is about. */
  readonly subject: string;
  readonly problem: string;
  /** What the operator can do. */
  readonly advice: string;
}

export class LiveError extends Error implements LiveErrorFields {
  override readonly name = 'LiveError';
  readonly code = 'FLOWSHARD_LIVE';
  constructor(
    readonly subject: string,
    readonly problem: string,
    readonly advice: string,
  ) {
    super(`${subject}: ${problem}; ${advice}`);
  }
}
