/** The value of --listen, and who may then ask. */
import { isIP } from 'node:net';
import { OptionError } from '../common/errors.ts';
import type { Policy } from './access/policy.ts';
import { createTokenCheck } from './access/token.ts';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

const OPTION = '--listen';

/** Errors: OptionError. Names are not looked up, but for localhost: where we listen must not depend on a name server. */
export function parseListen(value: string): TcpAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(value);
  const given = match?.[1] ?? match?.[2] ?? '';
  const host = given === 'localhost' ? '127.0.0.1' : given;
  const port = Number(match?.[3] ?? Number.NaN);
  const isAddress = match?.[1] === undefined ? isIP(host) === 4 : isIP(host) === 6;
  if (match === null || !isAddress || port > 65535)
    throw new OptionError(
      OPTION,
      value,
      'ADDRESS:PORT, with an IPv6 address in brackets',
      'For example: --listen 127.0.0.1:9677',
    );
  return { host, port };
}

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1';

/** Errors: OptionError where everybody could ask */
export function tcpPolicy(
  address: TcpAddress,
  tokenFile: string | undefined,
  insecureLoopback: boolean,
): Policy {
  const value = `${address.host}:${address.port}`;
  if (tokenFile !== undefined) return { kind: 'token', token: createTokenCheck(tokenFile) };
  if (!isLoopback(address.host))
    throw new OptionError(
      OPTION,
      value,
      'with --token-file FILE',
      'Whoever reaches the port could do everything',
    );
  if (!insecureLoopback)
    throw new OptionError(
      OPTION,
      value,
      'with --token-file FILE, or with --insecure-loopback',
      'Every user of this host could do everything',
    );
  return { kind: 'loopback' };
}
