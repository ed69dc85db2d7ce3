/** What the parts of netfilter's netlink family have in common: types of subsystem and message, and a header. */

export enum Subsystem {
  CONNTRACK = 1,
  EXPECTATION = 2,
  LOG = 4,
  TABLES = 10,
}

export enum Family {
  UNSPEC = 0,
  INET = 1,
  IPV4 = 2,
  IPV6 = 10,
}

export const FAMILY_HEADER_BYTES = 4;

export const typeOf = (subsystem: Subsystem, message: number): number => (subsystem << 8) | message;

/** nfgenmsg: family, version 0, and a number whose meaning the subsystem knows. */
export function familyHeader(family: Family, resource = 0): Uint8Array {
  return Uint8Array.from([family, 0, resource >>> 8, resource & 0xff]);
}
