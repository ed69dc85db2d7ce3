/** What `--decap` and `--zone-from` can say, as data; and from their text to what the peeler needs. */
import { OptionError } from '../../common/errors.ts';
import { IdKind, TunnelKind } from './tunnel.ts';

/** How a UDP payload begins; 0 is for ports that are no tunnel's. */
export enum UdpFormat {
  NONE = 0,
  VXLAN = 1,
  VXLAN_GPE = 2,
  GENEVE = 3,
  GTP_U = 4,
}

export interface TunnelInfo {
  /** As `--decap` takes it. */
  readonly name: string;
  readonly kind: TunnelKind;
  /** NONE for what does not run over UDP. */
  readonly format: UdpFormat;
  /** Destination ports unless others are given. */
  readonly ports: readonly number[];
  /** Number in its header that can be the zone. */
  readonly id: IdKind;
}

/** VXLAN has the port of IANA and the older one that Linux and its overlays still use. */
export const TUNNELS: readonly TunnelInfo[] = [
  { name: 'vxlan', kind: TunnelKind.VXLAN, format: UdpFormat.VXLAN, ports: [4789, 8472], id: IdKind.VNI },
  { name: 'vxlan-gpe', kind: TunnelKind.VXLAN, format: UdpFormat.VXLAN_GPE, ports: [4790], id: IdKind.VNI },
  { name: 'geneve', kind: TunnelKind.GENEVE, format: UdpFormat.GENEVE, ports: [6081], id: IdKind.VNI },
  { name: 'gre', kind: TunnelKind.GRE, format: UdpFormat.NONE, ports: [], id: IdKind.KEY },
  { name: 'erspan', kind: TunnelKind.ERSPAN, format: UdpFormat.NONE, ports: [], id: IdKind.SESSION },
  { name: 'ipip', kind: TunnelKind.IPIP, format: UdpFormat.NONE, ports: [], id: IdKind.NONE },
  { name: 'gtp-u', kind: TunnelKind.GTP_U, format: UdpFormat.GTP_U, ports: [2152], id: IdKind.TEID },
];

export const ALL_TUNNELS = 'all';
const TUNNEL_WORDS = `a comma list of ${TUNNELS.map((t) => t.name).join(', ')} and ${ALL_TUNNELS}; those over UDP may have a port, as in geneve:6082`;

export const ZONE_SOURCES = ['vlan', 'vni', 'session', 'key', 'teid'] as const;
export type ZoneSource = (typeof ZONE_SOURCES)[number];

const ID_KINDS: Readonly<Record<ZoneSource, IdKind>> = {
  vlan: IdKind.NONE,
  vni: IdKind.VNI,
  session: IdKind.SESSION,
  key: IdKind.KEY,
  teid: IdKind.TEID,
};

/** Plain data: it goes from thread to thread. */
export interface Decap {
  /** Not over UDP. */
  readonly gre: boolean;
  readonly erspan: boolean;
  readonly ipip: boolean;
  /** Destination port and what it means. */
  readonly ports: readonly (readonly [port: number, format: UdpFormat])[];
  /** The number that becomes the zone; NONE when it is the VLAN id or nothing. */
  readonly zoneId: IdKind;
}

/** Decapsulation and zones of a run. */
export interface Encapsulation {
  readonly zoneFromVlan: boolean;
  /** Null: nothing is peeled, outer packets are tracked. */
  readonly decap: Decap | null;
}

interface Named {
  readonly info: TunnelInfo;
  readonly ports: readonly number[];
}

function namedTunnels(option: string, word: string): readonly Named[] {
  if (word === ALL_TUNNELS) return TUNNELS.map((info) => ({ info, ports: info.ports }));
  const [name, port, ...more] = word.split(':');
  const info = TUNNELS.find((tunnel) => tunnel.name === name);
  if (info === undefined || more.length > 0) throw new OptionError(option, word, TUNNEL_WORDS);
  if (port === undefined) return [{ info, ports: info.ports }];
  if (info.format === UdpFormat.NONE)
    throw new OptionError(option, word, `${name} without a port: it does not run over UDP`);
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535)
    throw new OptionError(option, word, 'a port from 1 to 65535');
  return [{ info, ports: [Number(port)] }];
}

function portsOf(option: string, named: readonly Named[]): [number, UdpFormat][] {
  const formats = new Map<number, TunnelInfo>();
  for (const { info, ports } of named) {
    for (const port of ports) {
      const other = formats.get(port);
      if (other !== undefined && other !== info)
        throw new OptionError(option, `${info.name}:${port}`, `one tunnel per port: ${other.name} has it`);
      formats.set(port, info);
    }
  }
  return [...formats].map(([port, info]) => [port, info.format]);
}

/**
 * Reads the two options together, since a zone needs the tunnel that has its number.
 *
 * Shapes:  `decap` are the values given, each a comma list; empty or undefined for no decapsulation
 * Errors:  OptionError with the names of the options as given
 */
export function parseEncapsulation(
  decap: readonly string[] | undefined,
  zoneFrom: string | undefined,
  names: { readonly decap: string; readonly zoneFrom: string },
): Encapsulation {
  const source = ZONE_SOURCES.find((word) => word === zoneFrom);
  if (zoneFrom !== undefined && source === undefined)
    throw new OptionError(names.zoneFrom, zoneFrom, ZONE_SOURCES.join(', '));
  const words = (decap ?? []).flatMap((value) => value.split(',')).map((word) => word.trim());
  const named = words.flatMap((word) => namedTunnels(names.decap, word));
  const zoneId = source === undefined ? IdKind.NONE : ID_KINDS[source];
  if (zoneId !== IdKind.NONE && !named.some(({ info }) => info.id === zoneId)) {
    const bearers = TUNNELS.filter((tunnel) => tunnel.id === zoneId).map((tunnel) => tunnel.name);
    throw new OptionError(names.zoneFrom, zoneFrom ?? '', `with ${names.decap} ${bearers.join(' or ')}`);
  }
  const has = (kind: TunnelKind): boolean => named.some(({ info }) => info.kind === kind);
  return {
    zoneFromVlan: source === 'vlan',
    decap:
      named.length === 0
        ? null
        : {
            gre: has(TunnelKind.GRE),
            erspan: has(TunnelKind.ERSPAN),
            ipip: has(TunnelKind.IPIP),
            ports: portsOf(names.decap, named),
            zoneId,
          },
  };
}
