/** What `flowshard gen` says at its end, for people and as JSON. */
import { grouped } from '../../common/grouped.ts';
import { Made } from '../../traffic/stage.ts';
import { bytesText } from '../summary.ts';

/** Names of what packets are counted as. */
const KINDS: readonly (readonly [name: string, made: Made])[] = [
  ['tcp', Made.TCP],
  ['udp', Made.UDP],
  ['icmp', Made.ICMP],
  ['sctp', Made.SCTP],
  ['gre', Made.GRE],
  ['synFlood', Made.SYN_FLOOD],
  ['udpFlood', Made.UDP_FLOOD],
  ['portScan', Made.PORT_SCAN],
  ['fragmentFlood', Made.FRAGMENT_FLOOD],
  ['collisions', Made.COLLISIONS],
];

/** What goes wrong on purpose. */
const ODDITIES: readonly (readonly [name: string, made: Made])[] = [
  ['lost', Made.LOST],
  ['unseen', Made.UNSEEN],
  ['reordered', Made.REORDERED],
  ['retransmitted', Made.RETRANSMITTED],
];

export interface GenResult {
  readonly seed: number;
  /** Shapes: Float64Array(Made.WORDS) */
  readonly made: Float64Array;
  /** Of the file. */
  readonly fileBytes: number;
  /** Time of the packets, and time that it took. */
  readonly trafficS: number;
  readonly seconds: number;
  readonly isInterrupted: boolean;
}

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function counts(made: Float64Array, of: readonly (readonly [name: string, made: Made])[]): string {
  const some = of.filter(([, word]) => made[word] > 0);
  return some.map(([name, word]) => `${words(name)} ${grouped(made[word])}`).join(', ');
}

export function genLines({ seed, made, fileBytes, trafficS, seconds }: GenResult): string[] {
  const rate = seconds > 0 ? Math.round(made[Made.PACKETS] / seconds) : 0;
  const odd = counts(made, ODDITIES);
  const opened = made[Made.OPENED];
  return [
    `${grouped(made[Made.PACKETS])} packets, ${bytesText(fileBytes)}, ${trafficS.toFixed(3)} s of traffic in ${seconds.toFixed(3)} s: ${grouped(rate)} packets/s`,
    `  packets     ${counts(made, KINDS)}`,
    ...(opened === 0 ? [] : [`  connections ${grouped(opened)} opened, ${grouped(made[Made.ENDED])} ended`]),
    ...(odd === '' ? [] : [`  on purpose  ${odd}`]),
    `  seed        ${seed}`,
  ];
}

export function genJson({ seed, made, fileBytes, trafficS, seconds, isInterrupted }: GenResult): object {
  const numbers = (of: readonly (readonly [name: string, made: Made])[]): object =>
    Object.fromEntries(of.map(([name, word]) => [name, made[word]]));
  return {
    seed,
    packets: made[Made.PACKETS],
    bytes: made[Made.BYTES],
    fileBytes,
    trafficSeconds: trafficS,
    seconds,
    kinds: numbers(KINDS),
    connections: { opened: made[Made.OPENED], ended: made[Made.ENDED] },
    dataPackets: made[Made.DATA],
    ...numbers(ODDITIES),
    interrupted: isInterrupted,
  };
}
