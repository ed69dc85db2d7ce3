/** The loop of `flowshard top`: pictures at intervals, keys in between, the terminal as it was at the end. */
import type { ReadStream, WriteStream } from 'node:tty';
import { ClientError } from '../../client/errors.ts';
import { ExitStatus } from '../../common/errors.ts';
import { keysOf, press } from './keys.ts';
import type { Picture } from './sample.ts';
import { type Mode, screenOf } from './screen.ts';
import type { Terminal } from './terminal.ts';
import type { Source } from './top.ts';

export interface LiveOptions {
  readonly source: Source;
  readonly terminal: Terminal;
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly mode: Mode;
  /** Ends after so many pictures. */
  readonly iterations: number;
}

/** Runs until a key, a signal or the number of pictures ends it. */
export async function live(options: LiveOptions): Promise<ExitStatus> {
  const { source, terminal, input, output } = options;
  let { mode } = options;
  let picture: Picture | null = null;
  /** The last filter that the tracker has taken. */
  let goodFilter = mode.filter;
  let isFilterWrong = false;
  let isOver = false;
  /** Ends the wait for the next picture. */
  let wake = (): void => {};

  const paint = (): void => {
    if (picture === null) return;
    const { width, height } = terminal.size();
    terminal.paint(screenOf(picture, mode, width, height));
  };

  function onKeys(data: Buffer): void {
    for (const key of keysOf(data.toString('latin1'))) {
      if (isFilterWrong) mode = { ...mode, trouble: null };
      isFilterWrong = false;
      const pressed = press(mode, key);
      mode = pressed.mode;
      if (pressed.order === 'quit') isOver = true;
      if (pressed.order === 'suspend') suspend();
      if (pressed.order === 'redraw') terminal.forget();
      if (pressed.isAnew || isOver) wake();
    }
    paint();
  }

  /** Ctrl-Z: the shell gets its terminal back; SIGCONT takes it again. */
  function suspend(): void {
    terminal.leave();
    process.kill(process.pid, 'SIGTSTP');
  }
  function resume(): void {
    terminal.enter();
    paint();
  }
  function onResize(): void {
    terminal.forget();
    paint();
  }
  const quit = (): void => {
    isOver = true;
    wake();
  };

  async function next(): Promise<void> {
    const { filter, sort } = mode;
    try {
      picture = await source.picture(filter, sort);
      goodFilter = filter;
      // What is wrong with a filter stays until a key is pressed.
      if (!isFilterWrong) mode = { ...mode, trouble: null };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      // A filter that the tracker does not take is told, and the last one stays.
      isFilterWrong = error.exitStatus === ExitStatus.USAGE;
      mode = { ...mode, trouble: error.message, ...(isFilterWrong ? { filter: goodFilter } : {}) };
      if (isFilterWrong) await next();
    }
  }

  const restore = (): void => terminal.leave();
  process.on('exit', restore);
  process.on('SIGINT', quit);
  process.on('SIGTERM', quit);
  process.on('SIGHUP', quit);
  process.on('SIGCONT', resume);
  output.on('resize', onResize);
  input.on('data', onKeys);
  input.on('end', quit);
  terminal.enter();
  try {
    for (let i = 0; i < options.iterations && !isOver; i++) {
      if (!mode.isPaused) await next();
      else i--;
      paint();
      await new Promise<void>((resolve) => {
        if (isOver) return resolve();
        const timer = setTimeout(resolve, options.mode.intervalS * 1000);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    restore();
    input.off('data', onKeys);
    input.pause();
  }
  return ExitStatus.OK;
}
