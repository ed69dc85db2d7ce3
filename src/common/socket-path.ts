/** Where a tracker serves its control API when nothing else is said, and where the commands look for it. */
import { existsSync } from 'node:fs';

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

/** Where the unit of packaging/flowshard.service has its socket, in a folder that its user may write. */
const SERVICE_PATH = '/run/flowshard/flowshard.sock';

/** Where a command looks for a tracker: at the usual path, or else where the service is. */
export function trackerSocketPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const usual = defaultSocketPath(env);
  return !existsSync(usual) && existsSync(SERVICE_PATH) ? SERVICE_PATH : usual;
}
