/** What all commands that talk to a running tracker share: which tracker, how errors are told, what is printed. */
import type { Command } from 'commander';
import { type Client, createClient } from '../../client/client.ts';
import { ClientError } from '../../client/errors.ts';
import { targetOf } from '../../client/target.ts';
import { ExitStatus } from '../../common/errors.ts';
import { createOutput, type StandardOutput } from '../output.ts';
import { wholeNumber } from '../usage.ts';
import { complain } from './print.ts';

export interface TargetFlags {
  readonly socket?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly maxTime: number;
}

const MAX_TIME_S = 10;
const MAX_TIME_S_MAX = 3600;

/** Options that say which tracker. */
export function addTargetOptions(command: Command): Command {
  return command
    .option('--socket <path>', 'socket of the tracker (default: FLOWSHARD_SOCKET, else /run/flowshard.sock)')
    .option('--url <url>', 'a tracker that listens on TCP: http://HOST:PORT')
    .option('--token-file <file>', 'with --url: the file that has the token')
    .option(
      '--max-time <seconds>',
      'give up when nothing has come for so long',
      wholeNumber('--max-time', 1, MAX_TIME_S_MAX),
      MAX_TIME_S,
    );
}

/** Exit statuses that all these commands have. */
export const COMMON_EXITS: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'no tracker answers, or it could not do it, or standard output could not be written'],
  [2, 'the command line was wrong: nothing was done'],
];

export const NOTHING_FOUND = [3, 'nothing matches'] as const;

/** What a command does: with a tracker to ask, and standard output. */
export type Run = (client: Client, out: StandardOutput) => Promise<ExitStatus>;

/** Runs a command; tells what goes wrong; sets the exit status. */
export async function runWithClient(flags: TargetFlags, run: Run): Promise<void> {
  const client = createClient(targetOf(flags), { maxTimeS: flags.maxTime });
  const out = createOutput(process.stdout);
  process.exitCode = await statusOf(client, out, run);
  client.close();
}

async function statusOf(client: Client, out: StandardOutput, run: Run): Promise<ExitStatus> {
  let status: ExitStatus;
  try {
    status = await run(client, out);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    await out.flushed();
    complain(error.message);
    return error.exitStatus;
  }
  await out.flushed();
  const failure = out.failure();
  if (failure !== null) complain(`standard output: ${failure}`);
  return failure === null ? status : ExitStatus.FAILED;
}
