/** `flowshard completion`: a script that lets a shell complete the command line. */
import { Argument, type Command } from 'commander';
import { OptionError } from '../../common/errors.ts';
import { addHelp } from '../help.ts';
import { bashScript } from './bash.ts';
import { type CommandInfo, describeCommands } from './commands.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

const SHELLS: Readonly<Record<string, (commands: readonly CommandInfo[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function defineCompletion(command: Command): void {
  const names = Object.keys(SHELLS);
  const shell = new Argument('<shell>', 'the shell').choices(names).argParser((value: string) => {
    if (!names.includes(value)) throw new OptionError('SHELL', value, names.join(', '));
    return value;
  });
  command.addArgument(shell).action(async (name: string) => {
    process.stdout.write(SHELLS[name](await describeCommands()));
  });
  addHelp(command, {
    examples: [
      ['source <(flowshard completion bash)', 'for this shell'],
      ['flowshard completion bash | sudo tee /etc/bash_completion.d/flowshard >/dev/null', 'for all'],
      ['flowshard completion zsh > ~/.zsh/_flowshard', 'zsh: into a folder of fpath'],
      ['flowshard completion fish > ~/.config/fish/completions/flowshard.fish', 'fish'],
    ],
    exits: [
      [0, 'the script was printed'],
      [2, 'the command line was wrong'],
    ],
  });
}
