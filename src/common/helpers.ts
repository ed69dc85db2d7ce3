/** The numbers and names of helpers: entries hold the number, and whoever prints an entry wants the name. */

/** Stable: entries and expectations hold these numbers. At most 31. */
export enum HelperNumber {
  NONE = 0,
  FTP = 1,
  IRC = 2,
  TFTP = 3,
  SIP = 4,
  AMANDA = 5,
  PPTP = 6,
  RAS = 7,
  Q931 = 8,
  H245 = 9,
  SANE = 10,
  NETBIOS_NS = 11,
  TALK = 12,
  NTALK = 13,
  RSH = 14,
  MMS = 15,
  QUAKE3 = 16,
  RPC = 17,
  EGGDROP = 18,
}

/** As the kernel calls them, where it has them. */
export const HELPER_NAMES: Readonly<Record<HelperNumber, string>> = {
  [HelperNumber.NONE]: '',
  [HelperNumber.FTP]: 'ftp',
  [HelperNumber.IRC]: 'irc',
  [HelperNumber.TFTP]: 'tftp',
  [HelperNumber.SIP]: 'sip',
  [HelperNumber.AMANDA]: 'amanda',
  [HelperNumber.PPTP]: 'pptp',
  [HelperNumber.RAS]: 'RAS',
  [HelperNumber.Q931]: 'Q.931',
  [HelperNumber.H245]: 'H.245',
  [HelperNumber.SANE]: 'sane',
  [HelperNumber.NETBIOS_NS]: 'netbios-ns',
  [HelperNumber.TALK]: 'talk',
  [HelperNumber.NTALK]: 'ntalk',
  [HelperNumber.RSH]: 'rsh',
  [HelperNumber.MMS]: 'mms',
  [HelperNumber.QUAKE3]: 'quake3',
  [HelperNumber.RPC]: 'rpc',
  [HelperNumber.EGGDROP]: 'eggdrop',
};
