/** The bearer token of the TCP port: read from a file, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { OptionError } from '../../common/errors.ts';

const OPTION = '--token-file';
const ALLOWED = 'a file that others may not read, with one line of 16 to 512 visible ASCII characters';
const ADVICE = 'For example: (umask 077; openssl rand -hex 32 > token)';
/** Beyond the longest token and its line feed. */
const READ_BYTES = 1024;
const OTHERS_READ_WRITE = 0o006;

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

function readFile(path: string): string {
  // A named pipe would otherwise keep the whole process waiting for somebody to write.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = fstatSync(file);
    if (!info.isFile()) throw new OptionError(OPTION, path, ALLOWED, 'This is no ordinary file');
    if ((info.mode & OTHERS_READ_WRITE) !== 0)
      throw new OptionError(OPTION, path, ALLOWED, `Everybody may read or write it: chmod o= ${path}`);
    const bytes = Buffer.alloc(READ_BYTES);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, READ_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

function readToken(path: string): Buffer {
  let content: string;
  try {
    content = readFile(path);
  } catch (cause) {
    if (cause instanceof OptionError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(OPTION, path, ALLOWED, why);
  }
  const token = content.replace(/\r?\n$/, '');
  // The token itself is shown to nobody, not even in an error.
  if (!/^[\x21-\x7e]{16,512}$/.test(token)) throw new OptionError(OPTION, path, ALLOWED, ADVICE);
  return digest(token);
}

export interface TokenCheck {
  /** Whether the value of an Authorization header has the token. */
  accepts(authorization: string | undefined): boolean;
  /** Reads the file again; on an error the old token stays. Errors: OptionError */
  reload(): void;
}

/** Errors: OptionError, for a file that is not there, that everybody may read, or without a token */
export function createTokenCheck(path: string): TokenCheck {
  let expected = readToken(path);
  return {
    accepts(authorization) {
      const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
      // Digests have one length, so that the time of the comparison tells nothing about the token.
      return given !== undefined && timingSafeEqual(digest(given), expected);
    },
    reload() {
      expected = readToken(path);
    },
  };
}
