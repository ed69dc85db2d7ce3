/**
 * H.225.0 call signalling: what the user-user element of a Q.931 message contains.
 *
 * Source: ITU-T H.225.0, module H323-MESSAGES; H.235 for tokens
 */
import {
  aliases,
  endpointType,
  nonStandard,
  protocolIdentifier,
  transportAddress,
  uniqueId,
} from './asn1-h225.ts';
import { controlMessage, openLogicalChannel } from './asn1-h245.ts';
import { Part, Role } from './names.ts';
import {
  anyInteger,
  bitString,
  bits,
  bmpString,
  boolean,
  choice,
  containing,
  end,
  inRole,
  integer,
  listOf,
  noted,
  nothing,
  objectIdentifier,
  octets,
  optional,
  sequence,
  times,
  unknown,
} from './schema.ts';

/** Messages that are read of a list: the kernel keeps no more. */
const FAST_START_MAX = 30;
const CONTROL_MAX = 4;

const h245Address = inRole(Role.H245, transportAddress);
const fastStart = listOf(containing(openLogicalChannel), FAST_START_MAX);
/** An addition that the kernel knows, which is passed over. */
const skipped = nothing;

const callServices = sequence([bits(7), sequence([bits(2)], [])], []);

const setup = sequence(
  [
    protocolIdentifier,
    optional(h245Address),
    optional(aliases),
    endpointType,
    optional(aliases),
    // destCallSignalAddress
    optional(inRole(Role.SIGNALLING, transportAddress)),
    optional(aliases),
    // destExtraCRV
    optional(listOf(integer(0, 65_535))),
    boolean,
    uniqueId,
    // conferenceGoal
    choice(times(3, nothing), []),
    optional(callServices),
    // callType
    choice(times(4, nothing), []),
  ],
  // Before fastStart: sourceCallSignalAddress to cryptoTokens; behind it two flags. Where more are
  // there the kernel takes them for what follows.
  [...times(6, skipped), fastStart, skipped, skipped, end],
);

/** Four additions come before fastStart: callIdentifier to cryptoTokens. */
const proceeding = sequence(
  [protocolIdentifier, endpointType, optional(h245Address)],
  [...times(4, skipped), fastStart, ...times(4, skipped)],
);
const alerting = sequence(
  [protocolIdentifier, endpointType, optional(h245Address)],
  [...times(4, skipped), fastStart, ...times(9, skipped)],
);

const connect = sequence(
  [protocolIdentifier, optional(h245Address), endpointType, uniqueId],
  [...times(4, skipped), fastStart, ...times(10, skipped)],
);

const information = sequence([protocolIdentifier], times(6, skipped));

const releaseComplete = sequence(
  [protocolIdentifier, optional(choice(times(12, nothing), []))],
  times(9, skipped),
);

const facility = sequence(
  [
    protocolIdentifier,
    optional(inRole(Role.ALTERNATIVE, transportAddress)),
    optional(aliases),
    optional(uniqueId),
    choice([nothing, noted(Part.CALL_FORWARDED, nothing), nothing, nothing], []),
  ],
  // Before them: callIdentifier to conferences.
  [...times(6, skipped), h245Address, fastStart, ...times(8, skipped)],
);

// ---- Tokens: only Progress has them in its root ----

const keyBits = bitString(0, 2048);
const clearToken = sequence(
  [
    objectIdentifier,
    optional(integer(1, 4_294_967_295)),
    optional(bmpString(1, 128)),
    optional(sequence([keyBits, keyBits, keyBits], [])),
    optional(octets(8, 128)),
    optional(anyInteger),
    optional(sequence([objectIdentifier, octets()], [])),
    optional(bmpString(1, 128)),
    optional(sequence([objectIdentifier, octets()])),
  ],
  times(2, skipped),
);

const securityMode = choice([nonStandard, nothing, nothing], []);
const securityCapabilities = sequence([optional(nonStandard), securityMode, securityMode, securityMode], []);
const security = choice([nonStandard, nothing, securityCapabilities, securityCapabilities], []);

const progress = sequence(
  [
    protocolIdentifier,
    endpointType,
    optional(h245Address),
    sequence([uniqueId], []),
    optional(security),
    optional(listOf(clearToken)),
    // cryptoTokens
    optional(unknown),
    optional(fastStart),
  ],
  times(3, skipped),
);

/** H323-UserInformation, up to the tunnelled messages of H.245. */
export const userInformation = sequence(
  [
    sequence(
      [
        choice([setup, proceeding, connect, alerting, information, releaseComplete, facility], [progress]),
        optional(nonStandard),
      ],
      // Before it: h4501SupplementaryService, h245Tunnelling.
      [
        skipped,
        skipped,
        listOf(containing(noted(Part.CONTROL, sequence([controlMessage]))), CONTROL_MAX),
        end,
      ],
    ),
    optional(end),
  ],
  [],
);
