/**
 * Messages of H.225.0 for tests, written field by field: call signalling and RAS.
 *
 * Source: ITU-T H.225.0, Q.931
 */
import { addressBytes, isIpv6 } from './frames.ts';
import { type Channel, channel, type Endpoint, encoded } from './h323-media.ts';
import type { Write } from './per.ts';

const PROTOCOL = [0, 8, 0x91, 0x4a, 0, 4];
const UNIQUE_ID = Array.from({ length: 16 }, (_, i) => i + 1);

/** TransportAddress */
export const callAddress =
  ({ host, port }: Endpoint): Write =>
  (w) => {
    if (isIpv6(host)) w.flags(0).bits(3, 3).flags(0);
    else w.flags(0).bits(0, 3);
    w.octets(addressBytes(host)).u16(port);
  };

const h221: Write = (w) => w.flags(0).octets([181]).octets([0]).u16(21_324);
const nonStandard: Write = (w) => w.flags(0).bits(1, 1).with(h221).string([9, 9, 9]);

/** A number, a name and one of a later kind. */
export const aliases: Write = (w) => {
  w.length(3);
  w.flags(0)
    .bits(0, 1)
    .bits(5 - 1, 7)
    .align()
    .bits(0x12345, 20);
  w.flags(0)
    .bits(1, 1)
    .octets([3 - 1])
    .octets([0, 65, 0, 66, 0, 67]);
  w.extra(0, (x) => x.octets([1]).octets([65, 66]));
};
const identifier: Write = (w) => w.bits(2 - 1, 7).octets([0, 65, 0, 66]);
const vendor: Write = (w) =>
  w.flags(0, 1, 1).with(h221).octets([1]).octets([65, 66]).octets([0]).octets([67]);

/** EndpointType: a terminal, or everything that there is. */
export const endpoint =
  (isFull: boolean): Write =>
  (w) => {
    if (!isFull) return w.flags(0, 0, 0, 0, 0, 0, 1).flags(0, 0).flags(0, 0);
    w.flags(0, 1, 1, 1, 1, 1, 1).with(nonStandard).with(vendor);
    // A gatekeeper, and a gateway for H.320, voice and something new.
    w.flags(0, 0).flags(0, 1, 1).length(3);
    w.flags(0)
      .bits(2, 4)
      .flags(1, 0)
      .additions([undefined, (x) => x.octets([0])]);
    w.flags(0).bits(7, 4).flags(0, 1).with(nonStandard);
    w.extra(1, (x) => x.octets([0, 1]));
    w.with(nonStandard);
    return w.flags(0, 0).flags(0, 0).flags(1, 0);
  };

// ---- Call signalling ----

const channelList =
  (list: readonly Channel[]): Write =>
  (w) => {
    w.length(list.length);
    for (const c of list) w.string(encoded(channel(c)));
  };
const fastStartOf = ({ fastStart }: Call): Write | undefined => fastStart && channelList(fastStart);
const uniqueId: Write = (w) => w.flags(0).octets(UNIQUE_ID);

/** What a message of call signalling may say. */
export interface Call {
  readonly h245?: Endpoint;
  readonly fastStart?: readonly Channel[];
  /** With all that a message may have besides. */
  readonly isFull?: boolean;
  /** Messages of H.245. */
  readonly control?: readonly Write[];
  /** Of a Facility: where to, and why: 1 is callForwarded. */
  readonly alternative?: Endpoint;
  readonly reason?: number;
  readonly nonStandard?: boolean;
  /** Announces so many additions, those at the end absent; of Setup, CallProceeding and Alerting. */
  readonly announced?: number;
}

/** Filled up with absent ones. */
const announcing = (
  count: number | undefined,
  values: readonly (Write | undefined)[],
): (Write | undefined)[] => Array.from({ length: Math.max(count ?? 0, values.length) }, (_, i) => values[i]);

const setup =
  (c: Call): Write =>
  (w) => {
    const other = c.isFull ? { host: '192.0.2.99', port: 1720 } : undefined;
    w.flags(c.fastStart ?? c.isFull ?? c.announced).flags(
      c.h245,
      c.isFull,
      c.isFull,
      other,
      c.isFull,
      c.isFull,
      c.isFull,
    );
    w.string(PROTOCOL);
    if (c.h245) w.with(callAddress(c.h245));
    if (c.isFull) w.with(aliases);
    w.with(endpoint(c.isFull === true));
    if (c.isFull) w.with(aliases);
    if (other) w.with(callAddress(other));
    if (c.isFull) w.with(aliases).length(2).u16(1).u16(2);
    w.flags(0).octets(UNIQUE_ID).flags(0).bits(0, 2);
    if (c.isFull) w.flags(0).bits(5, 7).flags(0).bits(1, 2);
    w.flags(0).bits(0, 2);
    if (!c.fastStart && !c.isFull && !c.announced) return;
    const source = other && callAddress(other);
    const tail: (Write | undefined)[] = c.isFull ? [(x) => x.flags(0), (x) => x.flags(1)] : [];
    const named = [source, undefined, uniqueId, undefined, undefined, undefined, fastStartOf(c), ...tail];
    w.additions(announcing(c.announced, named));
  };

const proceeding =
  (c: Call): Write =>
  (w) => {
    w.flags(c.fastStart ?? c.announced, c.h245)
      .string(PROTOCOL)
      .with(endpoint(c.isFull === true));
    if (c.h245) w.with(callAddress(c.h245));
    const named = [uniqueId, undefined, undefined, undefined, fastStartOf(c)];
    if (c.fastStart ?? c.announced) w.additions(announcing(c.announced, named));
  };

const connect =
  (c: Call): Write =>
  (w) => {
    w.flags(c.fastStart, c.h245).string(PROTOCOL);
    if (c.h245) w.with(callAddress(c.h245));
    w.with(endpoint(c.isFull === true)).octets(UNIQUE_ID);
    if (c.fastStart) w.additions([uniqueId, undefined, undefined, undefined, fastStartOf(c)]);
  };

const information: Write = (w) => w.flags(1).string(PROTOCOL).additions([uniqueId]);
const releaseComplete: Write = (w) =>
  w.flags(1, 1).string(PROTOCOL).flags(0).bits(3, 4).additions([uniqueId]);

const facility =
  (c: Call): Write =>
  (w) => {
    const isExtended = c.h245 !== undefined || c.fastStart !== undefined;
    w.flags(isExtended, c.alternative, c.isFull, c.isFull).string(PROTOCOL);
    if (c.alternative) w.with(callAddress(c.alternative));
    if (c.isFull) w.with(aliases).octets(UNIQUE_ID);
    const reason = c.reason ?? 3;
    if (reason < 4) w.flags(0).bits(reason, 2);
    else w.extra(reason - 4, (x) => x.bits(0, 8));
    const h245 = c.h245 && callAddress(c.h245);
    const before = [uniqueId, undefined, undefined, undefined, undefined, undefined];
    if (isExtended) w.additions([...before, h245, fastStartOf(c)]);
  };

const progress =
  (c: Call): Write =>
  (w) => {
    w.flags(0, c.h245, c.isFull, c.isFull, 0, c.fastStart)
      .string(PROTOCOL)
      .with(endpoint(c.isFull === true));
    if (c.h245) w.with(callAddress(c.h245));
    w.with(uniqueId);
    if (c.isFull) {
      // No security; one token with a time, a password, a key, a challenge and a random number.
      w.flags(0).bits(1, 2);
      w.length(1).flags(0, 1, 1, 1, 1, 1, 0, 0, 0).string([1, 2]).word(77).bits(0, 7).octets([0, 65]);
      w.flags(0).u16(12).bits(0xabc, 12).u16(0).u16(3).bits(5, 3);
      w.bits(0, 7).octets([1, 2, 3, 4, 5, 6, 7, 8]).string([5]);
    }
    if (c.fastStart) w.with(channelList(c.fastStart));
  };

const bodies = {
  setup: (c) => (w) => w.flags(0).bits(0, 3).with(setup(c)),
  callProceeding: (c) => (w) => w.flags(0).bits(1, 3).with(proceeding(c)),
  connect: (c) => (w) => w.flags(0).bits(2, 3).with(connect(c)),
  alerting: (c) => (w) => w.flags(0).bits(3, 3).with(proceeding(c)),
  information: () => (w) => w.flags(0).bits(4, 3).with(information),
  releaseComplete: () => (w) => w.flags(0).bits(5, 3).with(releaseComplete),
  facility: (c) => (w) => w.flags(0).bits(6, 3).with(facility(c)),
  progress: (c) => (w) => w.extra(0, progress(c)),
  empty: () => (w) => w.extra(1, (x) => x.bits(0, 8)),
  status: () => (w) => w.extra(2, (x) => x.flags(0).string(PROTOCOL).octets(UNIQUE_ID)),
} satisfies Readonly<Record<string, (c: Call) => Write>>;
export type CallMessage = keyof typeof bodies;

/** H323-UserInformation */
export const userInformation =
  (message: CallMessage, c: Call): Write =>
  (w) => {
    w.flags(0, 0).flags(c.control, c.nonStandard).with(bodies[message](c));
    if (c.nonStandard) w.with(nonStandard);
    if (!c.control) return;
    const control = c.control;
    w.additions([
      undefined,
      (x) => x.flags(1),
      (x) => {
        x.length(control.length);
        for (const one of control) x.string(encoded(one));
      },
    ]);
  };

const USER_USER = 0x7e;

/** A Q.931 message around it, with elements before it. */
export function q931(content: Uint8Array, before: readonly number[] = [4, 3, 0x88, 0x93, 0xa5]): Uint8Array {
  const length = content.length + 1;
  return Uint8Array.from([
    8,
    2,
    0x12,
    0x34,
    5,
    ...before,
    USER_USER,
    length >> 8,
    length & 255,
    5,
    ...content,
  ]);
}

export const callMessage = (message: CallMessage, c: Call): Uint8Array =>
  q931(encoded(userInformation(message, c)));

// ---- RAS ----

export interface Registration {
  readonly addresses?: readonly Endpoint[];
  readonly timeToLive?: number;
  readonly isFull?: boolean;
}

const list =
  (addresses: readonly Endpoint[]): Write =>
  (w) => {
    w.length(addresses.length);
    for (const address of addresses) w.with(callAddress(address));
  };

const timeToLive = (seconds: number | undefined): Write | undefined =>
  seconds === undefined ? undefined : (x) => x.word(seconds, 1);

/** RasMessage: its choice, and behind it the message. */
const rasMessage = (index: number, body: Write): Uint8Array =>
  encoded((w) => w.flags(0).bits(index, 5).with(body));

export const rasMessages = {
  gatekeeperRequest: (ras: Endpoint) =>
    rasMessage(0, (w) =>
      w.flags(0, 0, 0, 0, 0).u16(1).string(PROTOCOL).with(callAddress(ras)).with(endpoint(false)),
    ),
  gatekeeperConfirm: (ras: Endpoint, isFull = false) =>
    rasMessage(1, (w) => {
      w.flags(0, isFull, isFull).u16(1).string(PROTOCOL);
      if (isFull) w.with(nonStandard).with(identifier);
      w.with(callAddress(ras));
    }),
  registrationRequest: (r: Registration) =>
    rasMessage(3, (w) => {
      w.flags(r.timeToLive !== undefined, r.isFull, r.isFull, r.isFull)
        .u16(2)
        .string(PROTOCOL);
      if (r.isFull) w.with(nonStandard);
      w.flags(1)
        .with(list(r.addresses ?? []))
        .with(list((r.addresses ?? []).slice(0, 2)));
      w.with(endpoint(r.isFull === true));
      if (r.isFull) w.with(aliases).with(identifier);
      w.with(vendor);
      if (r.timeToLive !== undefined)
        w.additions([undefined, timeToLive(r.timeToLive), undefined, (x) => x.octets([1, 2, 3, 4, 5])]);
    }),
  registrationConfirm: (r: Registration) =>
    rasMessage(4, (w) => {
      w.flags(r.timeToLive !== undefined, r.isFull, r.isFull, r.isFull)
        .u16(2)
        .string(PROTOCOL);
      if (r.isFull) w.with(nonStandard);
      w.with(list(r.addresses ?? []));
      if (r.isFull) w.with(aliases).with(identifier);
      w.with(identifier);
      if (r.timeToLive !== undefined) w.additions([undefined, timeToLive(r.timeToLive)]);
    }),
  unregistrationRequest: (r: Registration) =>
    rasMessage(6, (w) => {
      w.flags(0, r.isFull, r.isFull, r.isFull)
        .u16(3)
        .with(list(r.addresses ?? []));
      if (r.isFull) w.with(aliases).with(nonStandard).with(identifier);
    }),
  unregistrationConfirm: () => rasMessage(7, (w) => w.flags(0, 0).u16(3)),
  admissionConfirm: (to: Endpoint, isFull = false) =>
    rasMessage(10, (w) => {
      w.flags(0, isFull, isFull).u16(4).word(1280).flags(0).bits(1, 1).with(callAddress(to));
      if (isFull) w.u16(99).with(nonStandard);
    }),
  locationConfirm: (to: Endpoint, ras: Endpoint) =>
    rasMessage(19, (w) => w.flags(0, 0).u16(5).with(callAddress(to)).with(callAddress(ras))),
  infoRequest: () => rasMessage(21, (w) => w.flags(0, 0).u16(6).u16(7)),
};
