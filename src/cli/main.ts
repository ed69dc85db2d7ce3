/** The flowshard command. */
import { ExitStatus, OptionError } from '../common/errors.ts';
import { startEarly } from '../workers/threads.ts';

const HELP: ReadonlySet<string> = new Set(['-h', '--help']);

function fail(message: string, status: ExitStatus): never {
  process.stderr.write(`flowshard: ${message}\n`);
  process.exit(status);
}

async function main(words: readonly string[]): Promise<void> {
  // Its command line is that of another program, and read by other rules.
  if (words[0] === 'conntrack') {
    const { runConntrack } = await import('./conntrack/run.ts');
    process.exitCode = await runConntrack(words.slice(1));
    return;
  }
  // Its threads load while it reads its options.
  if (words[0] === 'track' && !words.some((word) => HELP.has(word))) {
    startEarly('ingest-thread');
    startEarly('shard-thread');
  }
  const { runProgram } = await import('./program.ts');
  await runProgram(words);
}

try {
  await main(process.argv.slice(2));
  // A read from a pipe that gives nothing must not keep us alive.
  process.exit();
} catch (error) {
  if (error instanceof OptionError) fail(error.message, ExitStatus.USAGE);
  // Whatever else gets here is a bug of ours: the stack says where.
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error), ExitStatus.FAILED);
}
