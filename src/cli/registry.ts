/**
 * The commands: a name, a line about it, and where its definition is. A definition (options, arguments, examples) is
 * loaded when its command is named, and with it whatever the command needs: the others cost nothing at the start. Help,
 * shell completion and the manual page are made from the same definitions.
 */
import { Command } from 'commander';

/** Adds options, arguments, help and action to a command that has its name and summary. */
export type Define = (command: Command) => void;

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Heading in the help. */
  readonly group: string;
  readonly load: () => Promise<Define>;
}

const PACKETS = 'Packets:';
const TABLE = 'A running tracker, what is in its table:';
const TRACKER = 'A running tracker, itself:';
const OTHERS = 'Others:';

/** In the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'track',
    summary: 'Tracks the packets of captures, as nf_conntrack would.',
    group: PACKETS,
    load: async () => (await import('./track.ts')).defineTrack,
  },
  {
    name: 'explain',
    summary: 'Tells the story of one connection: each packet, what became of it, and why.',
    group: PACKETS,
    load: async () => (await import('./explain.ts')).defineExplain,
  },
  {
    name: 'gen',
    summary: 'Generates traffic: into a capture, a pipe, or the tracker.',
    group: PACKETS,
    load: async () => (await import('./gen/gen.ts')).defineGen,
  },
  {
    name: 'bench',
    summary: 'Designs a run and measures it: throughput, latency, room, attacks.',
    group: PACKETS,
    load: async () => (await import('./bench/bench.ts')).defineBench,
  },
  {
    name: 'contrast',
    summary: 'Compares with the running kernel.',
    group: PACKETS,
    load: async () => (await import('./contrast.ts')).defineContrast,
  },
  {
    name: 'list',
    summary: 'Lists connections.',
    group: TABLE,
    load: async () => (await import('./control/list.ts')).defineList,
  },
  {
    name: 'get',
    summary: 'Shows one connection.',
    group: TABLE,
    load: async () => (await import('./control/list.ts')).defineGet,
  },
  {
    name: 'count',
    summary: 'Counts connections.',
    group: TABLE,
    load: async () => (await import('./control/list.ts')).defineCount,
  },
  {
    name: 'watch',
    summary: 'Shows what happens to connections, as it happens.',
    group: TABLE,
    load: async () => (await import('./control/watch.ts')).defineWatch,
  },
  {
    name: 'create',
    summary: 'Makes a connection.',
    group: TABLE,
    load: async () => (await import('./control/create.ts')).defineCreate,
  },
  {
    name: 'update',
    summary: 'Changes the mark, the timeout or the status of connections.',
    group: TABLE,
    load: async () => (await import('./control/change.ts')).defineUpdate,
  },
  {
    name: 'delete',
    summary: 'Deletes connections.',
    group: TABLE,
    load: async () => (await import('./control/change.ts')).defineDelete,
  },
  {
    name: 'flush',
    summary: 'Deletes all connections.',
    group: TABLE,
    load: async () => (await import('./control/change.ts')).defineFlush,
  },
  {
    name: 'expect',
    summary: 'Lists, makes and deletes what is expected.',
    group: TABLE,
    load: async () => (await import('./control/expect.ts')).defineExpect,
  },
  {
    name: 'conntrack',
    summary: 'Takes the commands and options of conntrack(8).',
    group: TABLE,
    load: async () => (await import('./conntrack/help.ts')).defineConntrack,
  },
  {
    name: 'top',
    summary: 'Shows a live view: rates, states, losses, the busiest connections.',
    group: TRACKER,
    load: async () => (await import('./top/top.ts')).defineTop,
  },
  {
    name: 'stats',
    summary: 'Shows all counters.',
    group: TRACKER,
    load: async () => (await import('./control/system.ts')).defineStats,
  },
  {
    name: 'shards',
    summary: 'Shows how full and how busy the shards are.',
    group: TRACKER,
    load: async () => (await import('./control/system.ts')).defineShards,
  },
  {
    name: 'config',
    summary: 'Shows and changes settings.',
    group: TRACKER,
    load: async () => (await import('./control/system.ts')).defineConfig,
  },
  {
    name: 'completion',
    summary: 'Prints a script for the completion of a shell.',
    group: OTHERS,
    load: async () => (await import('./completion/completion.ts')).defineCompletion,
  },
];

/**
 * The program with all commands by name and summary, and the definitions of those that are wanted.
 *
 * Cost: loads the code of the wanted commands
 */
export async function createProgram(isWanted: (name: string) => boolean): Promise<Command> {
  const program = new Command('flowshard')
    .description('A user-space connection tracker: what Linux nf_conntrack would keep.')
    .version(FLOWSHARD_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText(
      'after',
      '\nflowshard COMMAND --help lists the options of a command, with examples: flowshard track --help.',
    )
    .exitOverride()
    // Errors are worded by usage.ts, so that all of them have one form.
    .configureOutput({ outputError: () => {} });
  for (const { name, summary, group, load } of COMMANDS) {
    const command = program.command(name).description(summary).helpGroup(group);
    command.helpOption('-h, --help', 'print this help');
    if (isWanted(name)) (await load())(command);
  }
  return program;
}
