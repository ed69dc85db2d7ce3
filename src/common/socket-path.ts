/** Where a tracker serves its control API when nothing else is said, and where the commands look for it. */

const NAME = 'flowshard.sock';

/**
 * `/run/flowshard.sock`; for users other than root under XDG_RUNTIME_DIR, where that is set. For the commands
 * FLOWSHARD_SOCKET names another one.
 */
export function defaultSocketPath(
  env: Readonly<Record<string, string | undefined>> = process.env,
  isRoot = process.getuid?.() === 0,
): string {
  const { XDG_RUNTIME_DIR: folder = '' } = env;
  return !isRoot && folder.startsWith('/') ? `${folder.replace(/\/+$/, '')}/${NAME}` : `/run/${NAME}`;
}
