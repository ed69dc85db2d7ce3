/** What the routes work with. */
import type { TrackerControl } from '../control/tracker-control.ts';
import type { Pulse } from './events/pulse.ts';
import type { ContrastForm } from './forms.ts';
import type { OpenStreams } from './streams.ts';

export interface ApiContext extends OpenStreams {
  readonly control: TrackerControl;
  /** Eight hexadecimal digits: one run of the tracker. */
  readonly instance: string;
  readonly version: string;
  /** How the tracker was started, for /v1/config. */
  readonly run: Readonly<Record<string, unknown>>;
  uptimeS(): number;
  /** Why it is not ready; null when it is. */
  notReady(): string | null;
  contrast(): Promise<ContrastForm>;
  /** Text of /metrics, and its content type. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
  readonly pulse: Pulse;
  /** Told what is no client's fault. */
  readonly onBug: (error: unknown) => void;
}
