/** A run of `flowshard bench`: progress, signals, what is printed and written, the exit status. */

import { writeFileSync } from 'node:fs';
import { ExitStatus } from '../../common/errors.ts';
import { grouped } from '../../common/grouped.ts';
import type { DesignRequest } from '../../design/design.ts';
import { type Bar, startBar } from '../progress.ts';
import { type BenchFlags, COLLISIONS_PER_PACKET, ROUNDS, type Scenario } from './bench.ts';

/** Returns the exit status. Errors: OptionError */
export async function bench(flags: BenchFlags, request: DesignRequest): Promise<ExitStatus> {
  const bar = flags.quiet === true ? null : await startBar();
  let signals = 0;
  const handle = (): void => {
    signals++;
    if (signals > 1) process.exit(ExitStatus.INTERRUPTED);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  const isStopped = (): boolean => signals > 0;
  try {
    return flags.scenario === undefined
      ? await oneRun(flags, request, bar, isStopped)
      : await scenarioRun(flags, flags.scenario, request, bar, isStopped);
  } finally {
    bar?.stop();
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  }
}

async function oneRun(
  flags: BenchFlags,
  request: DesignRequest,
  bar: Bar | null,
  isStopped: () => boolean,
): Promise<ExitStatus> {
  const [{ designOf }, { prepareFrames }, { runDesign }, { resultOf }, report] = await Promise.all([
    import('../../design/design.ts'),
    import('../../design/frames.ts'),
    import('../../design/run.ts'),
    import('../../design/result.ts'),
    import('./report.ts'),
  ]);
  const design = designOf(request);
  const frames = await prepareFrames(design, {
    isStopped,
    onProgress: (done) => bar?.update(done, 'preparing packets'),
  });
  if (frames === null) return ExitStatus.INTERRUPTED;
  const seen = await runDesign(design, frames, {
    isStopped,
    onLook: (phase, done, packets) => bar?.update(done, `${phase}, ${grouped(packets)} packets`),
  });
  const result = await resultOf(seen);
  bar?.stop();
  const lines = flags.json ? [JSON.stringify(result.figures)] : report.runLines(result.figures);
  process.stdout.write(`${lines.join('\n')}\n`);
  const files: (readonly [option: string, path: string | undefined, text: () => Promise<string> | string])[] =
    [
      ['--hgrm', flags.hgrm, () => result.latency?.hgrm ?? ''],
      ['--plot', flags.plot, async () => (await import('../../design/charts.ts')).runCharts(result)],
    ];
  let status = result.figures.interrupted ? ExitStatus.INTERRUPTED : ExitStatus.OK;
  for (const [option, path, text] of files) {
    if (path === undefined) continue;
    try {
      writeFileSync(path, await text());
    } catch (error) {
      process.stderr.write(
        `flowshard: ${option}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      status = ExitStatus.FAILED;
    }
  }
  return status;
}

async function scenarioRun(
  flags: BenchFlags,
  scenario: Scenario,
  request: DesignRequest,
  bar: Bar | null,
  isStopped: () => boolean,
): Promise<ExitStatus> {
  const { Interrupted } = await import('../../design/scenario.ts');
  const { scenarioLines } = await import('./report.ts');
  const rounds = flags.rounds ?? ROUNDS;
  const hooks = { isStopped, onPhase: (phase: string, done: number) => bar?.update(done, phase) };
  try {
    const result =
      scenario === 'syn-flood'
        ? await (await import('../../design/syn-flood.ts')).synFlood(
            { ...request, rounds, ...(flags.attack === undefined ? {} : { perPacket: flags.attack }) },
            hooks,
          )
        : await (await import('../../design/collision.ts')).collision(
            { ...request, rounds, perPacket: flags.attack ?? COLLISIONS_PER_PACKET },
            hooks,
          );
    bar?.stop();
    process.stdout.write(`${(flags.json ? [JSON.stringify(result)] : scenarioLines(result)).join('\n')}\n`);
    return result.criteria.every(({ holds }) => holds) ? ExitStatus.OK : ExitStatus.FAILED;
  } catch (error) {
    if (error instanceof Interrupted) return ExitStatus.INTERRUPTED;
    throw error;
  }
}
