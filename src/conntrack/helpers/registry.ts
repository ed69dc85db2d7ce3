/** The helpers there are, and which of them are at which ports. */
import { OptionError } from '../../common/errors.ts';
import { HELPER_NAMES, type HelperNumber } from '../../common/helpers.ts';
import { Protocol } from '../../packet/protocol.ts';
import { Expect } from '../../shm/offsets.generated.ts';
import { amanda } from './amanda.ts';
import { eggdrop } from './eggdrop.ts';
import { ftp } from './ftp.ts';
import { h245 } from './h323/h245.ts';
import { q931 } from './h323/q931.ts';
import { ras } from './h323/ras.ts';
import type { Helper } from './helper.ts';
import { irc } from './irc.ts';
import { mms } from './mms.ts';
import { netbiosNs } from './netbios-ns.ts';
import { pptp } from './pptp.ts';
import { quake3 } from './quake3.ts';
import { rpc } from './rpc.ts';
import { rsh } from './rsh.ts';
import { sane } from './sane.ts';
import { sip } from './sip.ts';
import { ntalk, talk } from './talk.ts';
import { tftp } from './tftp.ts';

export const HELPERS: readonly Helper[] = [
  ftp,
  irc,
  tftp,
  sip,
  amanda,
  pptp,
  ras,
  q931,
  h245,
  sane,
  netbiosNs,
  talk,
  ntalk,
  rsh,
  mms,
  quake3,
  rpc,
  eggdrop,
];

/** A helper at a port, so that it can be told to another thread. */
export interface HelperAt {
  readonly helper: HelperNumber;
  /** 0: by expectations only. */
  readonly port: number;
  /** 0: every one that the helper knows. */
  readonly protocol: number;
}

const atUsualPort = (helper: Helper, protocol = 0): HelperAt => ({
  helper: helper.number,
  port: helper.port,
  protocol,
});

export const defaultHelpers = (): HelperAt[] =>
  HELPERS.filter((h) => h.isDefault).map((helper) => atUsualPort(helper, helper.defaultProtocol));

export const HELPERS_BY_NUMBER: ReadonlyMap<HelperNumber, Helper> = new Map(
  HELPERS.map((helper) => [helper.number, helper]),
);

/** Name of the row of its helper's policy that an expectation belongs to; null where it has none. Shapes: Expect words at `e`. */
export function classNameOf(words: Int32Array, e: number): string | null {
  const name = HELPERS_BY_NUMBER.get(words[e + Expect.HELPER])?.classes[words[e + Expect.CLASS]]?.name;
  return name === undefined || name === '' ? null : name;
}

/** The transport protocols of a helper at its place. */
export function protocolsAt({ helper, protocol }: HelperAt): readonly number[] {
  const all = HELPERS_BY_NUMBER.get(helper)?.protocols ?? [];
  return protocol === 0 ? all : all.filter((p) => p === protocol);
}

const byName = new Map(HELPERS.map((helper) => [HELPER_NAMES[helper.number].toLowerCase(), helper]));

const OPTION = '--helpers';
const PORT_MAX = 65_535;

/**
 * Reads `ftp:21,irc:6667,sip`: names with a port or without, for the usual one; `sip:5060/udp` is for one
 * protocol only. `none` is no helper, `default` those that are on without the option, `all` every one.
 *
 * Errors: OptionError for an unknown name, a port that is none, a helper at one port twice
 */
export function parseHelpers(value: string): HelperAt[] {
  const chosen: HelperAt[] = [];
  const words = value.split(',').map((word) => word.trim());
  if (words.includes('none')) {
    if (words.length > 1) throw new OptionError(OPTION, value, 'none alone');
    return [];
  }
  for (const word of words) {
    if (word === 'default') chosen.push(...defaultHelpers());
    else if (word === 'all') chosen.push(...HELPERS.map((helper) => atUsualPort(helper)));
    else chosen.push(parseOne(word));
  }
  return chosen.filter(
    (a, i) => !chosen.some((b, j) => isWithin(a, b) && (a.protocol !== b.protocol || j < i)),
  );
}

const isWithin = (a: HelperAt, b: HelperAt): boolean =>
  a.helper === b.helper && a.port === b.port && (a.protocol === b.protocol || b.protocol === 0);

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', Protocol.TCP],
  ['udp', Protocol.UDP],
]);
const FORM = /^([^:/]+)(?::([^:/]*))?(?:\/([^:/]+))?$/;

function parseOne(word: string): HelperAt {
  const [, name, portText, protocolText] = FORM.exec(word) ?? [];
  const helper = byName.get(name?.toLowerCase());
  const names = `${[...byName.keys()].join(', ')}, default, all, none`;
  if (helper === undefined)
    throw new OptionError(OPTION, word, `NAME, NAME:PORT or NAME:PORT/PROTOCOL, comma list; names: ${names}`);
  const port = portText === undefined ? helper.port : Number(portText);
  if (portText !== undefined && (!/^\d{1,5}$/.test(portText) || port < 1 || port > PORT_MAX))
    throw new OptionError(
      `${OPTION} ${name}`,
      portText,
      `a port from 1 to ${PORT_MAX}`,
      `Usual: ${name}:${helper.port}`,
    );
  const protocol = protocolText === undefined ? 0 : PROTOCOLS.get(protocolText.toLowerCase());
  if (protocol === undefined || (protocol !== 0 && !helper.protocols.includes(protocol))) {
    const known = [...PROTOCOLS].filter(([, p]) => helper.protocols.includes(p)).map(([text]) => text);
    throw new OptionError(
      `${OPTION} ${name}`,
      `/${protocolText}`,
      known.map((text) => `/${text}`).join(' or '),
    );
  }
  return { helper: helper.number, port, protocol };
}
