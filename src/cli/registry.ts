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

const CAPTURES = 'Packets:';

/** In the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'track',
    summary: 'Tracks the packets of captures, as nf_conntrack would.',
    group: CAPTURES,
    load: async () => (await import('./track.ts')).defineTrack,
  },
  {
    name: 'explain',
    summary: 'Tells the story of one connection: each packet, what became of it, and why.',
    group: CAPTURES,
    load: async () => (await import('./explain.ts')).defineExplain,
  },
  {
    name: 'contrast',
    summary: 'Compares with the running kernel.',
    group: CAPTURES,
    load: async () => (await import('./contrast.ts')).defineContrast,
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
