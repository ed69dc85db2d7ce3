/** Which tracker a command talks to: a Unix socket, or an address with a token. */
import { readFileSync } from 'node:fs';
import { OptionError } from '../common/errors.ts';
import { trackerSocketPath } from '../common/socket-path.ts';

export type Target =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly token: string | null };

export interface TargetOptions {
  readonly socket?: string;
  readonly url?: string;
  readonly tokenFile?: string;
}

/** Greatest length of the path of a socket on Linux. */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * What `--socket`, `--url` and `--token-file` name, else `FLOWSHARD_SOCKET`, else the usual place.
 *
 * Errors: OptionError
 */
export function targetOf(
  options: TargetOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Target {
  const { socket, url, tokenFile } = options;
  if (url === undefined) {
    if (tokenFile !== undefined)
      throw new OptionError('--token-file', tokenFile, 'with --url only: a socket needs no token');
    const path = socket ?? (env.FLOWSHARD_SOCKET || trackerSocketPath(env));
    if (path === '' || Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX)
      throw new OptionError('--socket', path, `a path of 1 to ${SOCKET_PATH_BYTES_MAX} bytes`);
    return { kind: 'unix', path };
  }
  if (socket !== undefined) throw new OptionError('--socket', socket, '--socket or --url, not both');
  const { host, port } = hostOf(url);
  return { kind: 'tcp', host, port, token: tokenFile === undefined ? null : readToken(tokenFile) };
}

function hostOf(text: string): { host: string; port: number } {
  const allowed = 'http://HOST:PORT, such as http://127.0.0.1:9677';
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw new OptionError('--url', text, allowed);
  }
  if (url.protocol === 'https:')
    throw new OptionError('--url', text, allowed, 'For TLS put a proxy, or ssh -L, in front');
  const isPlain = url.pathname === '/' && url.search === '' && url.username === '' && url.hash === '';
  if (url.protocol !== 'http:' || url.hostname === '' || !isPlain)
    throw new OptionError('--url', text, allowed);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
  };
}

function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OptionError('--token-file', file, 'a file that can be read', why);
  }
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new OptionError('--token-file', file, 'a file with one word in it: the token');
  return token;
}

/** As a person would write it. */
export function targetName(target: Target): string {
  if (target.kind === 'unix') return target.path;
  return `http://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}
