/** Options of the control API of a run, and the API as something that runs beside the tracker. */
import { lchownSync } from 'node:fs';
import type { Command } from 'commander';
import { OptionError } from '../common/errors.ts';
import { defaultSocketPath } from '../common/socket-path.ts';
import type { TrackerControl } from '../control/tracker-control.ts';
import type { Identity } from '../live/privileges.ts';
import type { Attachment } from './attachments.ts';

export interface ApiFlags {
  readonly socket?: string;
  readonly api: boolean;
  readonly listen?: string;
  readonly tokenFile?: string;
  readonly insecureLoopback?: true;
  readonly interface?: readonly string[];
}

export function addApiOptions(command: Command): Command {
  return command
    .option(
      '--socket <path>',
      'Unix socket of the control API (default with -i: $XDG_RUNTIME_DIR/flowshard.sock, as root /run/flowshard.sock)',
    )
    .option('--no-api', 'with -i: no control API')
    .option('--listen <host:port>', 'the control API on a TCP port, too; needs --token-file')
    .option('--token-file <file>', 'with --listen: the token that clients must bring')
    .option('--insecure-loopback', 'with --listen on a loopback address: without a token');
}

/** Whether the run can be asked. Interfaces can, unless that is switched off; captures when a socket is named. */
export function servesApi(flags: ApiFlags): boolean {
  if (!flags.api) return false;
  return flags.interface !== undefined || flags.socket !== undefined || flags.listen !== undefined;
}

/** Errors: OptionError for options that go not together. */
export function checkApiFlags(flags: ApiFlags): void {
  if (!flags.api && flags.socket !== undefined)
    throw new OptionError('--socket', flags.socket, 'without --no-api');
  if (!flags.api && flags.listen !== undefined)
    throw new OptionError('--listen', flags.listen, 'without --no-api');
  if (flags.listen === undefined && flags.tokenFile !== undefined)
    throw new OptionError('--token-file', flags.tokenFile, 'with --listen');
  if (flags.listen === undefined && flags.insecureLoopback)
    throw new OptionError('--insecure-loopback', 'alone', 'with --listen');
  if (flags.tokenFile !== undefined && flags.insecureLoopback)
    throw new OptionError('--insecure-loopback', 'with --token-file', 'one of the two');
}

/** Starts the API; its socket belongs to `owner`. Errors: OptionError for a path, address or token that cannot be used */
export async function attachApi(
  flags: ApiFlags,
  control: TrackerControl,
  run: Readonly<Record<string, unknown>>,
  notReady: () => string | null,
  owner: Identity | null = null,
): Promise<Attachment> {
  // Loaded when it is wanted: a run over captures need not wait for it.
  const { serveApi } = await import('../api/serve.ts');
  const onTcpOnly = flags.listen !== undefined && flags.socket === undefined && flags.interface === undefined;
  const api = await serveApi({
    control,
    version: FLOWSHARD_VERSION,
    run,
    socket: onTcpOnly ? null : (flags.socket ?? defaultSocketPath()),
    notReady,
    ...(flags.listen === undefined ? {} : { listen: flags.listen }),
    ...(flags.tokenFile === undefined ? {} : { tokenFile: flags.tokenFile }),
    insecureLoopback: flags.insecureLoopback === true,
  });
  // Who the run becomes may go on listening, and answer itself.
  if (owner !== null && api.socket !== null) lchownSync(api.socket, owner.uid, owner.gid);
  return {
    leave: () => api.close(),
    finish: async () => [],
    async reload() {
      api.reloadToken();
      return [];
    },
  };
}
