/** What is noted of H.323 messages: names of parts, and what an address is for. */

export enum Part {
  NONE = 0,
  /** An address with the port behind it. */
  IPV4 = 1,
  IPV6 = 2,
  /** An OpenLogicalChannel, or its acknowledgement, starts. */
  CHANNEL = 3,
  CHANNEL_ACK = 4,
  /** The channel's data are T.120 over a stack of its own. */
  T120 = 5,
  /** A tunnelled message of H.245 starts. */
  CONTROL = 6,
  /** The call is to go elsewhere. */
  CALL_FORWARDED = 7,
  /** Of a registration, seconds. */
  TIME_TO_LIVE = 8,
  /** The message is of this kind. */
  GATEKEEPER_CONFIRM = 9,
  REGISTRATION_REQUEST = 10,
  REGISTRATION_CONFIRM = 11,
  UNREGISTRATION_REQUEST = 12,
  ADMISSION_CONFIRM = 13,
  LOCATION_CONFIRM = 14,
}

export enum Role {
  NONE = 0,
  /** Of RTP or RTCP. */
  MEDIA = 1,
  /** Of a T.120 stack. */
  STACK = 2,
  /** Of the H.245 connection. */
  H245 = 3,
  /** Where a call is forwarded to. */
  ALTERNATIVE = 4,
  /** Of call signalling. */
  SIGNALLING = 5,
  /** Of a gatekeeper for RAS. */
  RAS = 6,
}
