/**
 * H.225.0: what call signalling and RAS have in common.
 *
 * Source: ITU-T H.225.0, module H323-MESSAGES
 */
import { ipv4, ipv6 } from './asn1-h245.ts';
import {
  bmpString,
  boolean,
  choice,
  digits,
  integer,
  listOf,
  nothing,
  objectIdentifier,
  octets,
  optional,
  sequence,
  times,
} from './schema.ts';

const port = integer(0, 65_535);

const h221NonStandard = sequence([integer(0, 255), integer(0, 255), port], []);
/** NonStandardParameter */
export const nonStandard = sequence([choice([objectIdentifier, h221NonStandard], []), octets()]);
const optionalNonStandard = optional(nonStandard);

/** TransportAddress */
export const transportAddress = choice(
  [
    sequence([ipv4, port]),
    // A source route.
    sequence([octets(4), port, listOf(octets(4)), choice([nothing, nothing], [])], []),
    // IPX
    sequence([octets(6), octets(4), octets(2)]),
    sequence([ipv6, port], []),
    octets(16),
    octets(1, 20),
    nonStandard,
  ],
  [],
);

/** AliasAddress: digits or a name; what came later is passed over. */
export const aliases = listOf(choice([digits(1, 128), bmpString(1, 256)], []));
/** GatekeeperIdentifier, EndpointIdentifier */
export const identifier = bmpString(1, 128);
export const uniqueId = octets(16);
export const protocolIdentifier = objectIdentifier;

/** VendorIdentifier */
export const vendor = sequence([h221NonStandard, optional(octets(1, 256)), optional(octets(1, 256))], []);

/** H310Caps to T120OnlyCaps, all with the same beginning and two additions. */
const capabilities = sequence([optionalNonStandard], times(2, nothing));
/** GatekeeperInfo, TerminalInfo */
const info = sequence([optionalNonStandard], []);
/** With the protocols of a gateway since. */
const mcuInfo = sequence([optionalNonStandard], [nothing]);
const gateway = sequence(
  [optional(listOf(choice([nonStandard, ...times(8, capabilities)], []))), optionalNonStandard],
  [],
);

/** EndpointType */
export const endpointType = sequence(
  [
    optionalNonStandard,
    optional(vendor),
    optional(info),
    optional(gateway),
    optional(mcuInfo),
    optional(info),
    boolean,
    boolean,
  ],
  times(2, nothing),
);
