/** Starts the control API of a tracker: on a Unix socket, on a TCP port, or both. */
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { monotonicMs, randomName, wallMs } from '../common/clock.ts';
import { OptionError } from '../common/errors.ts';
import type { TrackerControl } from '../control/tracker-control.ts';
import {
  type HostConntrack,
  type HostConntrackMissing,
  readHostConntrack,
} from '../kernel/host-conntrack.ts';
import type { Policy } from './access/policy.ts';
import type { ApiContext } from './context.ts';
import { createContrast } from './contrast.ts';
import { createPulse } from './events/pulse.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type ApiLimits, createApi, LIMITS } from './server.ts';
import { parseListen, type TcpAddress, tcpPolicy } from './tcp-address.ts';
import { listenOnUnixSocket, type UnixListener } from './unix-socket.ts';

export interface ServeOptions {
  readonly control: TrackerControl;
  readonly version: string;
  /** How the tracker was started, for /v1/config. */
  readonly run: Readonly<Record<string, unknown>>;
  /** Path of the Unix socket; null for none. */
  readonly socket: string | null;
  /** As --listen takes it. */
  readonly listen?: string;
  readonly tokenFile?: string;
  readonly insecureLoopback?: boolean;
  /** Why it is not ready; null when it is. */
  readonly notReady?: () => string | null;
  readonly limits?: ApiLimits;
  /** Told what went wrong inside; by default it is written to standard error. */
  readonly onBug?: (error: unknown) => void;
  readonly readKernel?: () => HostConntrack | HostConntrackMissing;
}

export interface Api {
  /** Path of the Unix socket; null for none. */
  readonly socket: string | null;
  /** Address and port that were bound; null for none. */
  readonly tcp: TcpAddress | null;
  /** Reads the token's file again; on an error the old token stays. Errors: OptionError */
  reloadToken(): void;
  /** Answers that are being made while they are read: events, long lists. */
  streams(): number;
  /** Ends all answers, closes the connections and removes the socket. */
  close(): Promise<void>;
}

/** How late an event may be told. */
const PULSE_MS = 20;

function writeBug(error: unknown): void {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`flowshard: control API: ${words}\n`);
}

export function createContext(options: ServeOptions): ApiContext {
  const { control, version } = options;
  const startMs = monotonicMs();
  const startS = Math.floor(wallMs() / 1000);
  let metrics: Metrics | null = null;
  return {
    control,
    version,
    instance: randomName(4),
    run: options.run,
    uptimeS: () => Math.floor((monotonicMs() - startMs) / 1000),
    notReady: options.notReady ?? (() => null),
    contrast: createContrast(control, options.readKernel ?? readHostConntrack),
    metrics() {
      metrics ??= createMetrics({ control, version, startS });
      return metrics.text();
    },
    open: new Set(),
    pulse: createPulse(() => control.eventPosition(), PULSE_MS),
    onBug: options.onBug ?? writeBug,
  };
}

async function listenOnTcp(
  app: FastifyInstance,
  { host, port }: TcpAddress,
  backlog: number,
): Promise<TcpAddress> {
  app.server.listen({ host, port, backlog });
  try {
    await once(app.server, 'listening');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError('--listen', `${host}:${port}`, 'an address of this host and a free port', why);
  }
  const bound = app.server.address();
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
}

async function closeApp(app: FastifyInstance): Promise<void> {
  // Streams of events never end by themselves.
  app.server.closeAllConnections();
  await app.close();
}

/**
 * Thread: main.
 * Errors: OptionError for a path, address or token that cannot be used; then nothing listens
 */
export async function serveApi(options: ServeOptions): Promise<Api> {
  const limits = options.limits ?? LIMITS;
  const context = createContext(options);
  const address = options.listen === undefined ? null : parseListen(options.listen);
  const policy: Policy | null =
    address === null ? null : tcpPolicy(address, options.tokenFile, options.insecureLoopback ?? false);
  const apps: FastifyInstance[] = [];
  let unix: UnixListener | null = null;
  let tcp: TcpAddress | null = null;

  /** Nobody asks the tracker any more when this is done. */
  async function closeAll(): Promise<void> {
    await Promise.all(apps.map(closeApp));
    await Promise.all([...context.open].map((pieces) => pieces.return()));
  }

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    unix?.unlink();
    closing ??= closeAll();
    await closing;
  }

  async function newApp(of: Policy): Promise<FastifyInstance> {
    const app = await createApi(context, of, limits);
    apps.push(app);
    return app;
  }

  try {
    if (options.socket !== null)
      unix = await listenOnUnixSocket(
        (await newApp({ kind: 'unix' })).server,
        options.socket,
        limits.connections,
      );
    if (address !== null && policy !== null)
      tcp = await listenOnTcp(await newApp(policy), address, limits.connections);
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    socket: unix?.path ?? null,
    tcp,
    reloadToken() {
      if (policy?.kind === 'token') policy.token.reload();
    },
    streams: () => context.open.size,
    close,
  };
}
