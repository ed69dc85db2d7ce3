/**
 * Giving up the rights of root once sockets are open. The user of a process is that of all its threads: libc changes
 * the others as well, and with the last root id the kernel takes the capabilities away.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { OptionError } from '../common/errors.ts';
import { LiveError } from './live-error.ts';

const OPTION = '--user';

export interface Identity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The types of Node leave it away. Source: nodejs.org/api/process.html */
type PosixProcess = NodeJS.Process & { readonly initgroups?: (user: string, group: number) => void };

/** Lines of a database of names; tests put their own in. */
export type Database = (database: 'passwd' | 'group', key: string) => string | null;

/** From the files, and where they do not know it from wherever the system has names (LDAP, systemd). */
const systemDatabase: Database = (database, key) => {
  const matches = (line: string): boolean => {
    const [name, , id] = line.split(':');
    return name === key || id === key;
  };
  try {
    const found = readFileSync(`/etc/${database}`, 'utf8').split('\n').find(matches);
    if (found !== undefined) return found;
    return execFileSync('getent', [database, key], { encoding: 'utf8', stdio: 'pipe' }).trim() || null;
  } catch {
    return null;
  }
};

/**
 * The user of `NAME[:GROUP]`, names or numbers; without a group that of the user.
 *
 * Errors: OptionError when there is no such user or group
 */
export function findUser(text: string, look: Database = systemDatabase): Identity {
  const parts = text.split(':');
  const [user = '', group] = parts;
  const refuse = (allowed: string): OptionError => new OptionError(OPTION, text, allowed);
  if (parts.length > 2 || user === '' || group === '') throw refuse('NAME or NAME:GROUP');
  const entry = look('passwd', user)?.split(':');
  if (entry === undefined) throw refuse('the name or number of a user of this host');
  const [name, , uid, userGid] = entry;
  if (group === undefined) return { name, uid: Number(uid), gid: Number(userGid) };
  const gid = look('group', group)?.split(':')[2];
  if (gid === undefined) throw refuse('a group of this host after the colon');
  return { name, uid: Number(uid), gid: Number(gid) };
}

/**
 * For good, in all threads, now and later.
 *
 * Thread: main
 * Errors: LiveError when we are not root, or the system refuses
 */
export function dropPrivileges(identity: Identity): void {
  const { initgroups, setgid, setuid, getuid }: PosixProcess = process;
  if (!initgroups || !setgid || !setuid || getuid?.() !== 0)
    throw new LiveError(
      OPTION,
      'only root can become another user',
      'leave it away, or start flowshard with sudo',
    );
  try {
    // The user last: after that none of this is allowed.
    initgroups(identity.name, identity.gid);
    setgid(identity.gid);
    setuid(identity.uid);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LiveError(OPTION, `becoming ${identity.name}: ${why}`, 'see setuid(2)');
  }
  if (identity.uid !== 0 && canReturn())
    throw new LiveError(OPTION, `${identity.name} can become root again`, 'it needs another user');
}

function canReturn(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
