/** What can go wrong between a command and the tracker, in words that say what to do. */
import { ExitStatus } from '../common/errors.ts';
import { type Target, targetName } from './target.ts';

/** A request that had no answer, or one that says no. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  constructor(
    message: string,
    readonly exitStatus: ExitStatus,
    /** The word of the server's error form; null where there was no answer. */
    readonly code: string | null = null,
    /** HTTP status; 0 where there was no answer. */
    readonly status = 0,
  ) {
    super(message);
  }
}

const START = 'Start one: flowshard track -i IFACE; or name its socket: --socket PATH';

const UNIX_WORDS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `${path}: there is no such socket: no tracker runs. ${START}`,
  ENOTSOCK: (path) => `${path}: it is no socket. ${START}`,
  ECONNREFUSED: (path) => `${path}: nobody listens: the tracker that made it has ended. ${START}`,
  EACCES: (path) =>
    `${path}: permission denied: only the user of the tracker may ask it. Run the command as that user, or with sudo`,
  ENAMETOOLONG: (path) => `${path}: the path is too long for a socket`,
};

const TCP_WORDS: Readonly<Record<string, (url: string) => string>> = {
  ECONNREFUSED: (url) =>
    `${url}: connection refused: no tracker listens there. One does with --listen HOST:PORT`,
  ENOTFOUND: (url) => `${url}: there is no such host`,
  EAI_AGAIN: (url) => `${url}: the name of the host cannot be looked up`,
  EHOSTUNREACH: (url) => `${url}: the host cannot be reached`,
  ENETUNREACH: (url) => `${url}: the network cannot be reached`,
  ETIMEDOUT: (url) => `${url}: no answer`,
};

/** The connection could not be made, or broke. */
export function connectionError(target: Target, error: unknown): ClientError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const name = targetName(target);
  const words = (target.kind === 'unix' ? UNIX_WORDS : TCP_WORDS)[code];
  if (words !== undefined) return new ClientError(words(name), ExitStatus.FAILED);
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new ClientError(
      `${name}: the tracker closed the connection: it has ended, or its log says why`,
      ExitStatus.FAILED,
    );
  return new ClientError(
    `${name}: ${error instanceof Error ? error.message : String(error)}`,
    ExitStatus.FAILED,
  );
}

export const timeoutError = (target: Target, seconds: number): ClientError =>
  new ClientError(
    `${targetName(target)}: no answer within ${seconds} s; --max-time allows more`,
    ExitStatus.FAILED,
  );

export const brokenOffError = (target: Target): ClientError =>
  new ClientError(
    `${targetName(target)}: the answer broke off: what is printed is not all`,
    ExitStatus.FAILED,
  );

/** Exit statuses for what the server's error form says; all others are failures. */
const EXITS: Readonly<Record<string, ExitStatus>> = {
  invalid_request: ExitStatus.USAGE,
  invalid_value: ExitStatus.USAGE,
  filter_needed: ExitStatus.USAGE,
  not_allowed: ExitStatus.USAGE,
  not_found: ExitStatus.NOT_FOUND,
  ambiguous: ExitStatus.AMBIGUOUS,
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The server said no: its own words, then what is allowed and what to do. */
export function refusal(target: Target, status: number, body: string): ClientError {
  let form: unknown = null;
  try {
    form = JSON.parse(body);
  } catch {
    // Not our server, or not its own answer: the status must do.
  }
  const error = isObject(form) && isObject(form.error) ? form.error : {};
  const { code, message, allowed, advice } = error;
  if (typeof code !== 'string' || typeof message !== 'string')
    return new ClientError(
      `${targetName(target)}: answered with status ${status}, which is no answer of flowshard`,
      ExitStatus.FAILED,
      null,
      status,
    );
  const more = [
    typeof allowed === 'string' ? `; allowed: ${allowed}` : '',
    typeof advice === 'string' ? `. ${advice}` : '',
  ];
  if (code === 'unauthorized' && target.kind === 'tcp')
    more[1] = `. Name the file that has it: --token-file FILE`;
  return new ClientError(`${message}${more.join('')}`, EXITS[code] ?? ExitStatus.FAILED, code, status);
}
