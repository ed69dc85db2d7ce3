/** Values of the options of `flowshard conntrack`. What is no value is refused; conntrack takes some of it for 0. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConntrackError } from './errors.ts';

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  icmpv6: 58,
  'ipv6-icmp': 58,
  sctp: 132,
  udplite: 136,
};

/** The names that this host knows; none where it has no such file. */
function etcProtocols(): string {
  try {
    return readFileSync('/etc/protocols', 'utf8');
  } catch {
    return '';
  }
}

/** Number of a protocol by name, in any case, or number. */
export function protocolNumber(text: string): number {
  const name = text.toLowerCase();
  if (Object.hasOwn(PROTOCOLS, name)) return PROTOCOLS[name];
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  for (const line of etcProtocols().split('\n')) {
    const [official, number, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (/^\d{1,3}$/.test(number ?? '') && [official, ...aliases].some((one) => one.toLowerCase() === name))
      return Number(number);
  }
  throw new ConntrackError(`-p "${text}": there is no such protocol`);
}

/** Decimal, or hexadecimal with 0x, or octal with 0, as C reads it. */
export function wholeNumber(name: string, text: string, max: number): number {
  const isNumber = /^(?:0x[\da-f]{1,8}|0[0-7]{0,11}|[1-9]\d{0,10})$/i.test(text);
  const isOctal = /^0[0-7]+$/.test(text);
  const value = isNumber ? (isOctal ? Number.parseInt(text, 8) : Number(text)) : Number.NaN;
  if (!(value <= max)) throw new ConntrackError(`${name} "${text}": not a whole number from 0 to ${max}`);
  return value;
}

export type Family = 'ipv4' | 'ipv6';

export interface Network {
  readonly family: Family;
  /** With the length of the prefix where there is one. */
  readonly text: string;
}

export function familyOf(text: string): Family {
  if (text === 'ipv4' || text === 'ipv6') return text;
  throw new ConntrackError(`-f "${text}": not ipv4 or ipv6`);
}

/** An address, or with `isNetwork` also ADDRESS/LENGTH and a mask that may stand beside it. */
export function networkOf(
  name: string,
  text: string,
  isNetwork = false,
  mask: string | null = null,
): Network {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  if (version === 0 || address.includes('%') || rest.length > 0 || (length !== undefined && !isNetwork))
    throw new ConntrackError(`${name} "${text}": not an address${isNetwork ? ' or ADDRESS/LENGTH' : ''}`);
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > bits))
    throw new ConntrackError(`${name} "${text}": the length of the prefix is not one from 0 to ${bits}`);
  if (mask === null) return { family, text };
  const prefix = prefixOf(mask, family);
  if (prefix === null || (length !== undefined && Number(length) !== prefix))
    throw new ConntrackError(
      `--mask-${name.includes('d') ? 'dst' : 'src'} "${mask}": not a mask of an ${family} prefix, such as 255.255.255.0`,
    );
  return { family, text: `${address}/${prefix}` };
}

/** Length of the prefix that a mask is; null for any other mask. */
function prefixOf(mask: string, family: Family): number | null {
  const bits = isIP(mask) === (family === 'ipv6' ? 6 : 4) ? bitsOf(mask, family) : '';
  return /^1*0*$/.test(bits) && bits !== ''
    ? bits.indexOf('0') + (bits.includes('0') ? 0 : bits.length + 1)
    : null;
}

function bitsOf(address: string, family: Family): string {
  if (family === 'ipv4')
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head = '', tail] = address.split('::');
  const words = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const before = words(head);
  const after = words(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after]
    .map((word) => Number.parseInt(word, 16).toString(2).padStart(16, '0'))
    .join('');
}

const STATUSES = [
  'ASSURED',
  'SEEN_REPLY',
  'FIXED_TIMEOUT',
  'EXPECTED',
  'UNREPLIED',
  'OFFLOAD',
  'UNSET',
] as const;
export type StatusWord = (typeof STATUSES)[number];

export function statusesOf(text: string): readonly StatusWord[] {
  return text.split(',').map((word) => {
    const found = STATUSES.find((one) => one === word.toUpperCase());
    if (found === undefined) throw new ConntrackError(`-u "${word}": not one of ${STATUSES.join(', ')}`);
    return found;
  });
}

/** Value, and the mask where one is given. */
export function markOf(text: string): { readonly value: number; readonly mask: number | null } {
  const [value = '', mask, ...rest] = text.split('/');
  if (rest.length > 0) throw new ConntrackError(`-m "${text}": not MARK or MARK/MASK`);
  return {
    value: wholeNumber('-m', value, 0xffffffff),
    mask: mask === undefined ? null : wholeNumber('-m', mask, 0xffffffff),
  };
}

const EVENT_TYPES = ['ALL', 'NEW', 'UPDATES', 'DESTROY'] as const;
export type EventWord = (typeof EVENT_TYPES)[number];

export function eventTypesOf(text: string): readonly EventWord[] {
  return text.split(',').map((word) => {
    const found = EVENT_TYPES.find((one) => one === word.toUpperCase());
    if (found === undefined) throw new ConntrackError(`-e "${word}": not one of ${EVENT_TYPES.join(', ')}`);
    return found;
  });
}

export interface OutputForm {
  readonly format: 'text' | 'xml' | 'save';
  readonly extended: boolean;
  readonly timestamp: boolean;
  readonly id: boolean;
}

/** `ktimestamp` needs a setting that is off by default, `labels` labels, `userspace` programs that change the table. */
const FORMS = ['extended', 'xml', 'save', 'timestamp', 'id', 'ktimestamp', 'labels', 'userspace'];

export function outputOf(text: string | undefined): OutputForm {
  const words = text === undefined ? [] : text.split(',').map((word) => word.toLowerCase());
  const unknown = words.find((word) => !FORMS.includes(word));
  if (unknown !== undefined) throw new ConntrackError(`-o "${unknown}": not one of ${FORMS.join(', ')}`);
  const has = (word: string): boolean => words.includes(word);
  if (has('save') && words.length > 1) throw new ConntrackError('-o save: it stands alone', 1);
  return {
    format: has('save') ? 'save' : has('xml') ? 'xml' : 'text',
    extended: has('extended'),
    timestamp: has('timestamp'),
    id: has('id'),
  };
}
