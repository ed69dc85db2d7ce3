/**
 * H.225.0 RAS: the messages between an endpoint and its gatekeeper that foretell something.
 *
 * Source: ITU-T H.225.0, module H323-MESSAGES
 */
import {
  aliases,
  endpointType,
  identifier,
  nonStandard,
  protocolIdentifier,
  transportAddress,
  vendor,
} from './asn1-h225.ts';
import { Part, Role } from './names.ts';
import {
  boolean,
  choice,
  end,
  inRole,
  integer,
  listOf,
  noted,
  nothing,
  optional,
  sequence,
  times,
} from './schema.ts';

/** Addresses that are kept of a list, as in the kernel. */
const ADDRESSES_MAX = 10;

const number = integer(1, 65_535);
const timeToLive = noted(Part.TIME_TO_LIVE, integer(1, 4_294_967_295));
const signalling = inRole(Role.SIGNALLING, transportAddress);
const signallingList = listOf(signalling, ADDRESSES_MAX);

const gatekeeperConfirm = noted(
  Part.GATEKEEPER_CONFIRM,
  sequence(
    [
      number,
      protocolIdentifier,
      optional(nonStandard),
      optional(identifier),
      inRole(Role.RAS, transportAddress),
    ],
    [end],
  ),
);

const registrationRequest = noted(
  Part.REGISTRATION_REQUEST,
  sequence(
    [
      number,
      protocolIdentifier,
      optional(nonStandard),
      boolean,
      signallingList,
      listOf(transportAddress),
      endpointType,
      optional(aliases),
      optional(identifier),
      vendor,
    ],
    // alternateEndpoints, timeToLive
    [nothing, timeToLive, end],
  ),
);

const registrationConfirm = noted(
  Part.REGISTRATION_CONFIRM,
  sequence(
    [
      number,
      protocolIdentifier,
      optional(nonStandard),
      signallingList,
      optional(aliases),
      optional(identifier),
      identifier,
    ],
    // alternateGatekeeper, timeToLive
    [nothing, timeToLive, end],
  ),
);

/** endpointAlias, nonStandardData and endpointIdentifier follow. */
const unregistrationRequest = noted(
  Part.UNREGISTRATION_REQUEST,
  sequence([number, signallingList, ...times(3, optional(end)), end], []),
);

/** irrFrequency and nonStandardData follow. */
const admissionConfirm = noted(
  Part.ADMISSION_CONFIRM,
  sequence(
    [
      number,
      integer(0, 4_294_967_295),
      choice([nothing, nothing], []),
      signalling,
      ...times(2, optional(end)),
      end,
    ],
    [],
  ),
);

/** rasAddress must be there; nonStandardData follows. */
const locationConfirm = noted(
  Part.LOCATION_CONFIRM,
  sequence([number, signalling, transportAddress, optional(end)], []),
);

/** RasMessage: requests, confirmations and rejections in turn. */
export const rasMessage = choice(
  [
    end,
    gatekeeperConfirm,
    end,
    registrationRequest,
    registrationConfirm,
    end,
    unregistrationRequest,
    ...times(3, end),
    admissionConfirm,
    ...times(8, end),
    locationConfirm,
    ...times(5, end),
  ],
  [],
);
