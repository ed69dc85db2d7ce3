/**
 * H.245: as much as is needed to read OpenLogicalChannel and its acknowledgement, in whatever comes
 * before the addresses.
 *
 * Source: ITU-T H.245, module MULTIMEDIA-SYSTEM-CONTROL
 */
import { Part, Role } from './names.ts';
import {
  bits,
  boolean,
  choice,
  digits,
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
  type Type,
  times,
} from './schema.ts';

// ---- Addresses ----

const port = integer(0, 65_535);
export const ipv4 = noted(Part.IPV4, octets(4));
export const ipv6 = noted(Part.IPV6, octets(16));

const unicastAddress = choice(
  [
    sequence([ipv4, port], []),
    sequence([octets(6), octets(4), octets(2)], []),
    sequence([ipv6, port], []),
    octets(16),
    sequence([choice([nothing, nothing]), octets(4), port, listOf(octets(4))], []),
  ],
  [],
);
const multicastAddress = choice([sequence([octets(4), port], []), sequence([octets(16), port], [])], []);
const transportAddress = choice([unicastAddress, multicastAddress], []);

const dialled = digits(1, 128);
const q2931Address = sequence([choice([digits(1, 16), octets(1, 20)], []), optional(octets(1, 20))], []);

/** NetworkAccessParameters */
const separateStack = sequence(
  [
    optional(choice([nothing, nothing], [])),
    choice([q2931Address, dialled, inRole(Role.STACK, transportAddress)], []),
    boolean,
    optional(octets(1, 255)),
  ],
  [nothing],
);

// ---- What is sent through a channel ----

const nonStandard = sequence([
  choice([objectIdentifier, sequence([integer(0, 255), integer(0, 255), port])]),
  octets(),
]);

const bitRate30 = integer(0, 1_073_741_823);
const word = integer(0, 4_294_967_295);
const pictureSize = integer(0, 16_383);

const videoCapability = choice(
  [
    nonStandard,
    // H.261
    sequence(
      [optional(integer(1, 4)), optional(integer(1, 4)), boolean, integer(1, 19_200), boolean],
      [nothing],
    ),
    // H.262: eleven profiles
    sequence(
      [
        bits(11),
        optional(bitRate30),
        optional(integer(0, 262_143)),
        optional(pictureSize),
        optional(pictureSize),
        optional(integer(0, 15)),
        optional(word),
      ],
      [nothing],
    ),
    // H.263: five picture formats, a bit rate, five options
    sequence(
      [
        ...times(5, optional(integer(1, 32))),
        integer(1, 192_400),
        bits(5),
        optional(integer(0, 524_287)),
        optional(integer(0, 65_535)),
      ],
      times(8, nothing),
    ),
    // ISO/IEC 11172-2
    sequence(
      [
        boolean,
        optional(bitRate30),
        optional(integer(0, 262_143)),
        optional(pictureSize),
        optional(pictureSize),
        optional(integer(0, 15)),
        optional(word),
      ],
      [nothing],
    ),
  ],
  [],
);

const frames = integer(1, 256);
const audioCapability = choice(
  [
    nonStandard,
    // G.711 and G.722, seven of them
    ...times(7, frames),
    // G.723.1
    sequence([frames, boolean]),
    // G.728, G.729, G.729 annex A
    ...times(3, frames),
    // ISO/IEC 11172-3 and 13818-3: layers, sampling, channels
    sequence([bits(8), integer(1, 448)], []),
    sequence([bits(20), integer(1, 1130)], []),
  ],
  [],
);

const dataProtocol = (lanStack: Type): Type =>
  choice(
    [nonStandard, ...times(6, nothing)],
    // segmentationAndReassembly, hdlcFrameTunnelingwSAR, v120, separateLANStack
    [...times(3, nothing), lanStack],
  );
const anyDataProtocol = dataProtocol(nothing);

const t84Profile = choice([nothing, sequence([bits(19)], [])]);
const dataApplication = (lanStack: Type): Type =>
  sequence(
    [
      choice(
        [
          nonStandard,
          // T.120
          dataProtocol(lanStack),
          anyDataProtocol,
          anyDataProtocol,
          // T.84
          sequence([anyDataProtocol, t84Profile]),
          anyDataProtocol,
          anyDataProtocol,
          // NLPID
          sequence([anyDataProtocol, octets()]),
          nothing,
          anyDataProtocol,
        ],
        [],
      ),
      word,
    ],
    [],
  );

const encryptionMode = choice([nonStandard, nothing], []);
const dataType = (lanStack: Type): Type =>
  choice(
    [nonStandard, nothing, videoCapability, audioCapability, dataApplication(lanStack), encryptionMode],
    [],
  );

// ---- How it is multiplexed ----

const h222Parameters = sequence(
  [port, integer(0, 8191), optional(integer(0, 8191)), optional(octets()), optional(octets())],
  [],
);
const h223Parameters = sequence(
  [
    choice([nonStandard, ...times(4, nothing), sequence([integer(0, 2), integer(0, 16_777_215)])], []),
    boolean,
  ],
  [],
);
const v76Parameters = sequence(
  [
    sequence([choice(times(3, nothing), []), integer(1, 4095), boolean], []),
    choice(times(3, nothing), []),
    boolean,
    choice([sequence([integer(1, 127), choice(times(3, nothing), [])], []), nothing], []),
    sequence([boolean], []),
  ],
  [],
);

const media = optional(inRole(Role.MEDIA, transportAddress));

/** Of ten options the last five are of no interest. */
const h2250Parameters = sequence(
  [
    optional(listOf(nonStandard)),
    integer(0, 255),
    optional(integer(1, 255)),
    media,
    optional(boolean),
    media,
    ...times(5, optional(end)),
  ],
  [],
);
const h2250AckParameters = sequence(
  [optional(listOf(nonStandard)), optional(integer(1, 255)), media, media, optional(integer(96, 127))],
  times(2, nothing),
);

// ---- Logical channels ----

const channelNumber = integer(1, 65_535);

/** OpenLogicalChannel */
export const openLogicalChannel = noted(
  Part.CHANNEL,
  sequence(
    [
      channelNumber,
      sequence(
        [
          optional(port),
          dataType(noted(Part.T120, nothing)),
          choice([h222Parameters, h223Parameters, v76Parameters], [h2250Parameters]),
        ],
        times(2, nothing),
      ),
      optional(
        sequence(
          [dataType(nothing), optional(choice([h223Parameters, v76Parameters], [h2250Parameters]))],
          times(2, nothing),
        ),
      ),
    ],
    [separateStack, end],
  ),
);

const openLogicalChannelAck = noted(
  Part.CHANNEL_ACK,
  sequence(
    [
      channelNumber,
      optional(
        sequence(
          [channelNumber, optional(port), optional(choice([h222Parameters], [h2250Parameters]))],
          [nothing],
        ),
      ),
    ],
    [separateStack, choice([h2250AckParameters], []), end],
  ),
);

// ---- Messages ----

/** MultimediaSystemControlMessage: a request may open a channel, a response may acknowledge that. */
export const controlMessage = choice(
  [
    choice([...times(3, end), openLogicalChannel, ...times(7, end)], []),
    choice([...times(5, end), openLogicalChannelAck, ...times(13, end)], []),
    end,
    end,
  ],
  [],
);
