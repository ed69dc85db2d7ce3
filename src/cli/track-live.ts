/**
 * `track -i`: what a live run has besides a run over captures. Sockets are opened first, then whatever else needs a
 * right; then the right is given up, and only then threads start. The service manager hears of all of it.
 */
import { ExitStatus } from '../common/errors.ts';
import { LiveError } from '../live/live-error.ts';
import { type OpenLive, openLive } from '../live/open-live.ts';
import type { InterfaceNotice, LiveRequest } from '../live/options.ts';
import { dropPrivileges, findUser, type Identity } from '../live/privileges.ts';
import { connectServiceManager, type ServiceManager } from '../live/service-manager.ts';
import type { Attachment } from './attachments.ts';

/** What the operator reads when an interface changes. */
const NOTICES: Readonly<Record<InterfaceNotice['state'], string>> = {
  down: 'the interface is down; its packets go on when it is up again',
  gone: 'the interface is gone; its packets go on when there is one of that name again',
  up: 'the interface is up: its packets go on',
};

export interface TrackLive {
  readonly open: OpenLive;
  /** Who the run becomes: the owner of what it serves; null for staying who it is. */
  readonly identity: Identity | null;
  readonly onInterface: (notice: InterfaceNotice) => void;
  /**
   * To be called when everything is open: gives up the rights, if that was asked for, and says that it runs; to people
   * unless they want it quiet. Errors: LiveError
   */
  attach(isQuiet: boolean): Attachment;
}

/** Errors: OptionError, LiveError: nothing is open then */
export function openTrackLive(request: LiveRequest, user: string | undefined): TrackLive {
  const identity = user === undefined ? null : findUser(user);
  const open = openLive(request);
  const manager = connectServiceManager();
  const names = request.interfaces.join(', ');
  /** What the service manager was told last. */
  let status = `Tracking ${names}`;
  return {
    open,
    identity,
    onInterface({ name, state }) {
      // Where the run ends because of it, its last words say so.
      if (state === 'up' || request.onDown === 'wait')
        process.stderr.write(`flowshard: ${name}: ${NOTICES[state]}\n`);
      status = state === 'up' ? `Tracking ${names}` : `${name} is ${state}`;
      manager.status(status);
    },
    attach(isQuiet) {
      if (identity !== null) dropPrivileges(identity);
      if (!isQuiet) process.stderr.write(`flowshard: tracking ${names}; Ctrl-C ends it\n`);
      manager.ready(status);
      const watchdog = startWatchdog(manager);
      let hasLeft = false;
      return {
        async leave() {
          if (!hasLeft) manager.stopping();
          hasLeft = true;
        },
        async finish() {
          if (watchdog !== null) clearInterval(watchdog);
          manager.close();
          return [];
        },
        async reload() {
          manager.reloading();
          manager.ready(status);
          return [];
        },
      };
    },
  };
}

/** The main thread is alive as long as its timers run; a thread that fails ends the process. */
function startWatchdog(manager: ServiceManager): NodeJS.Timeout | null {
  if (manager.aliveEveryMs === null) return null;
  manager.alive();
  return setInterval(manager.alive, manager.aliveEveryMs).unref();
}

/** Words for what the system refuses, and the exit status; anything else is thrown on. */
export function liveFailed(error: unknown): ExitStatus {
  if (!(error instanceof LiveError)) throw error;
  process.stderr.write(`flowshard: ${error.message}\n`);
  return ExitStatus.FAILED;
}
