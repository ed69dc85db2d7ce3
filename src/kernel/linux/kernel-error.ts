/** What keeps the running kernel from being asked: no root, no TUN device, a part that it was built without. */

export interface KernelErrorFields {
  /** What is missing or failed. */
  readonly problem: string;
  /** What the operator can do. */
  readonly advice: string;
}

export class KernelError extends Error implements KernelErrorFields {
  override readonly name = 'KernelError';
  readonly code = 'FLOWSHARD_KERNEL';
  constructor(
    readonly problem: string,
    readonly advice: string,
  ) {
    super(`the kernel cannot be asked: ${problem}; ${advice}`);
  }
}
