/** Where a tracker serves its control API when nothing else is said, and where the commands look for it. */

const NAME = 'flowshard.sock';

/**
 * `/run/flowshard.sock`; for users other than root under XDG_RUNTIME_DIR, where that is set.
 *
 * `FLOWSHARD_SOCKET` names another one for the commands; the tracker has `--socket`.
 */
export function defaultSocketPath(
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): string {
  const { XDG_RUNTIME_DIR: folder = '' } = env;
  return !isRoot && folder.startsWith('/') ? `${folder.replace(/\/+$/, '')}/${NAME}` : `/run/${NAME}`;
}
