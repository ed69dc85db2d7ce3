/**
 * Network namespaces with programs in them, for tests of live traffic. The thread that calls leaves the namespaces
 * of the host, those of the network and those of mounts: the names that `ip netns` makes here are seen by this process and
 * what it starts only, and all of it is gone when they end, however they end.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CLONE_NEWNET, loadLibc } from '../../src/kernel/linux/libc.ts';
import { messageOf } from './random.ts';

const CLONE_NEWNS = 0x2_0000;
/** Where `ip netns` keeps names. */
const NAMES = '/run/netns';
const COMMAND_MS_MAX = 20_000;

// Where the programs for root are, also when its path does not name it.
process.env.PATH = [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter);

export function isInstalled(program: string): boolean {
  return (
    process.env.PATH?.split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }) === true
  );
}

/** Words separated by spaces; `'a b'` is one. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

/** Runs to the end; gives standard output. Errors: with what the program said, when it fails */
export function run(command: string, input = ''): string {
  const [program, ...args] = wordsOf(command);
  return execFileSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: COMMAND_MS_MAX,
    maxBuffer: 1 << 28,
  });
}

/**
 * Leaves for an empty namespace; false, or the reason why that is not possible here, for `skip` of node:test.
 * `programs` are needed besides.
 */
export function enterNamespaces(programs: readonly string[] = []): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = ['ip', 'mount', 'setpriv', ...programs].filter((program) => !isInstalled(program));
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  try {
    const libc = loadLibc();
    if (libc.unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) return 'needs CAP_SYS_ADMIN';
    run('mount --make-rprivate /');
    mkdirSync(NAMES, { recursive: true });
    run(`mount -t tmpfs tmpfs ${NAMES}`);
    run('ip link set lo up');
    run('ip link add fs-probe0 type veth peer name fs-probe1');
    run('ip link del fs-probe0');
    return false;
  } catch (error) {
    return `needs namespaces and veth devices: ${messageOf(error)}`;
  }
}

export interface Namespace {
  readonly name: string;
  /** As `run`, in this namespace. */
  run(command: string, input?: string): string;
  /** Exit status and output, whatever they are. */
  attempt(command: string): { readonly status: number | null; readonly output: string };
  /** Starts a program that lives as long as the test: it is killed by `closeNamespaces`, or with this process. */
  start(words: readonly string[], options?: SpawnOptions): ChildProcess;
}

const started: ChildProcess[] = [];

/** The namespace of the calling thread itself. */
export const HERE: Namespace = {
  name: '',
  run,
  attempt(command) {
    const [program, ...args] = wordsOf(command);
    const ended = spawnSync(program, args, { encoding: 'utf8', timeout: COMMAND_MS_MAX });
    return { status: ended.status, output: ended.stdout + ended.stderr };
  },
  start(words, options = {}) {
    // A process group of its own: what it starts ends with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...words], {
      stdio: 'ignore',
      detached: true,
      ...options,
    });
    started.push(child);
    return child;
  },
};

/** Makes another one, with its loopback device up. */
export function addNamespace(name: string): Namespace {
  run(`ip netns add ${name}`);
  const prefix = `ip netns exec ${name}`;
  const inside: Namespace = {
    name,
    run: (command, input) => run(`${prefix} ${command}`, input),
    attempt: (command) => HERE.attempt(`${prefix} ${command}`),
    start: (words, options) => HERE.start(['ip', 'netns', 'exec', name, ...words], options),
  };
  inside.run('ip link set lo up');
  return inside;
}

/** A cable: a device here and one there, both up. One of that name that a removed namespace has left is removed before. */
export function addCable(here: string, there: Namespace, its: string): void {
  // The kernel takes a namespace apart in its own time, and its devices with it.
  HERE.attempt(`ip link del ${here}`);
  run(`ip link add ${here} type veth peer name ${its} netns ${there.name}`);
  run(`ip link set ${here} up`);
  there.run(`ip link set ${its} up`);
}

/** Ends programs and what they started. */
export async function endStarted(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  }
}

/** Ends all that was started, and removes the namespaces. */
export async function closeNamespaces(): Promise<void> {
  await endStarted(started.splice(0));
  for (const name of run('ip netns list').split('\n')) {
    const [word = ''] = name.split(' ');
    if (word !== '') run(`ip netns del ${word}`);
  }
}
