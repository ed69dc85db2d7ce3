/**
 * The JSON that the control API takes and gives, as types: for whoever writes a client in TypeScript. The same
 * forms as JSON Schemas are in schemas/; a test holds live answers against those.
 *
 * A connection, an event and an expectation have the forms of src/export/json.ts and expectation.ts, with one
 * difference: an event has its owner and its number in front.
 */
import type { OwnerInfo } from '../control/tracker-control.ts';
import type { Connection, EventType, Tuple } from '../export/connection.ts';
import type { Expectation } from '../export/expectation.ts';
import type { Stats } from '../export/stats.ts';

/** What went wrong, as a word that programs can rely on. */
export const ERROR_CODES = [
  /** The request is not what the schema of its route allows. */
  'invalid_request',
  /** A value that is not allowed: `allowed` says what is. */
  'invalid_value',
  /** Neither a filter nor `all=true`. */
  'filter_needed',
  'unauthorized',
  'forbidden',
  /** The Host header names somebody else. */
  'misdirected',
  'not_found',
  /** The path is there, but not with this method: the header Allow has those that are. */
  'method_not_allowed',
  'not_acceptable',
  /** There is such a connection, or expectation, already. */
  'exists',
  /** Several connections have this id; a filter beside it tells them apart. */
  'ambiguous',
  /** The connection that is to foretell another does not exist. */
  'no_master',
  /** A setting that is fixed while the tracker runs; the timeout of a connection where it is fixed; a connection that no tracker makes by itself. */
  'not_allowed',
  'too_large',
  'unsupported_type',
  'rate_limited',
  /** The table has no room. */
  'full',
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The only form of an error, whatever its status. */
export interface ErrorForm {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** What would have been right. */
    readonly allowed?: string;
    /** What to do. */
    readonly advice?: string;
  };
}

/** A connection as JSON; times are numbers with more digits than a double holds. */
export type ConnectionForm = {
  readonly record: 'connection';
  readonly statusNames: readonly string[];
} & Omit<Connection, 'expected' | 'startNs' | 'lastNs' | 'end'> & {
    readonly startNs: number;
    readonly lastNs: number;
    readonly end: { readonly atNs: number; readonly reason: string } | null;
  };

export type ExpectationForm = { readonly record: 'expectation' } & Expectation;

/** GET /v1/connections with `format=json`. */
export interface ConnectionPage {
  readonly connections: readonly ConnectionForm[];
  /** Value of `cursor` for the next page; null after the last one, and with `sort`. */
  readonly next: string | null;
}

/** GET /v1/expectations with `format=json`. */
export interface ExpectationPage {
  readonly expectations: readonly ExpectationForm[];
}

export interface CountForm {
  readonly count: number;
  /** With `by`: how many of each kind. */
  readonly by?: Readonly<Record<string, number>>;
}

export interface DeletedForm {
  readonly deleted: number;
}

export interface UpdatedForm {
  readonly updated: number;
}

/** PATCH /v1/connections: at least one of them. */
export interface ChangeForm {
  /** A number replaces the mark; value and mask: new = (old & ~mask) ^ value. */
  readonly mark?: number | { readonly value: number; readonly mask: number };
  /** Seconds from now. */
  readonly timeoutS?: number;
  /** Status bits to set. */
  readonly status?: readonly ('ASSURED' | 'FIXED_TIMEOUT')[];
}

/** POST /v1/connections. */
export interface NewConnectionForm {
  /** By default that of the addresses. */
  readonly family?: 'ipv4' | 'ipv6';
  /** Number, or name as in the text of a connection. */
  readonly protocol: number | string;
  readonly original: Tuple;
  readonly zone?: number;
  readonly timeoutS: number;
  /** TCP and SCTP. */
  readonly state?: string;
  readonly mark?: number;
  readonly status?: readonly ('SEEN_REPLY' | 'ASSURED' | 'FIXED_TIMEOUT')[];
}

/** POST /v1/expectations. */
export interface NewExpectationForm {
  readonly family?: 'ipv4' | 'ipv6';
  readonly protocol: number | string;
  /** The connection that is expected. */
  readonly tuple: Tuple;
  /** Which bits of it must agree; by default all. */
  readonly mask?: Partial<Tuple>;
  /** Original direction of the connection that foretells it. */
  readonly master: Tuple & { readonly protocol?: number | string };
  readonly zone?: number;
  readonly timeoutS: number;
  readonly helper?: string;
  readonly permanent?: boolean;
}

/** Lines of GET /v1/connections with `format=ndjson&snapshot=true`: the first, and the last. */
export interface SnapshotRecord {
  readonly record: 'snapshot';
  /** Position of the events before the first connection was read. */
  readonly since: string;
}
export interface SnapshotEndRecord {
  readonly record: 'snapshot-end';
  readonly connections: number;
  /** With the events from `since` to here applied, the copy is the table as it was then. */
  readonly until: string;
}

/** Lines of GET /v1/events with `format=ndjson`; as server-sent events the same, by the name of the record. */
export type EventRecord = {
  readonly record: 'event';
  readonly owner: number;
  readonly seq: number;
  readonly type: EventType;
  readonly atNs: number;
  readonly withState: boolean;
  readonly connection: Omit<ConnectionForm, 'record'>;
};
/** Events from `from` to `to`, both included, were overwritten before they could be read. */
export interface GapRecord {
  readonly record: 'gap';
  readonly owner: number;
  readonly from: number;
  readonly to: number;
  readonly missed: number;
}
/** First line, and again when nothing else was to be said for a while. */
export interface PositionRecord {
  readonly record: 'position';
  readonly since: string;
}
/** `since` is of another run of the tracker: whatever it was about is gone. */
export interface RestartRecord {
  readonly record: 'restart';
  readonly since: string;
}

/** GET /v1/stats. */
export type StatsForm = {
  readonly record: 'stats';
  readonly version: string;
  /** One run of the tracker, as in positions of events. */
  readonly instance: string;
  /** Since the API was there. */
  readonly uptimeS: number;
} & Stats;

export type OwnerForm = OwnerInfo;

/** GET /v1/shards. */
export interface OwnersForm {
  readonly shards: readonly OwnerForm[];
}

export interface SettingForm {
  readonly value: number;
  readonly default: number;
  readonly unit: 'seconds' | 'switch' | 'count' | 'bytes';
  readonly min: number;
  readonly max: number;
  /** Whether PATCH may change it while the tracker runs. */
  readonly changeable: boolean;
}

/** GET and PATCH /v1/config. */
export interface ConfigForm {
  readonly settings: Readonly<Record<string, SettingForm>>;
  /** How the tracker was started. */
  readonly run: Readonly<Record<string, unknown>>;
}

/** GET /v1/version. */
export interface VersionForm {
  readonly version: string;
  readonly api: 'v1';
  readonly node: string;
  readonly instance: string;
}

/** GET /healthz and /readyz. */
export interface HealthForm {
  readonly status: 'ok' | 'not ready';
  readonly reason?: string;
}

/** One side of GET /v1/contrast; null where it cannot be known. */
export interface ContrastSide {
  readonly packetsPerS: number | null;
  readonly newPerS: number | null;
  readonly foundPerS: number | null;
  readonly invalidPerS: number | null;
  readonly insertFailedPerS: number | null;
  readonly earlyDropPerS: number | null;
  readonly dropPerS: number | null;
  readonly entries: number | null;
  readonly entriesMax: number | null;
  readonly bytesPerConnection: number | null;
  /** CPU time per packet. */
  readonly packetCostNs: number | null;
}

/** GET /v1/contrast. */
export interface ContrastForm {
  readonly intervalS: number;
  readonly flowshard: ContrastSide;
  /** "not loaded" where this host has no nf_conntrack. */
  readonly kernel: ContrastSide | 'not loaded';
  /** Why a number is null, or what it covers. */
  readonly notes: readonly string[];
}
