/** The busiest connections as rows; columns are left out, the least needed first, where the terminal is narrow. */
import type { ConnectionForm } from '../../api/forms.ts';
import type { Direction } from '../../export/connection.ts';
import { duration, short } from './numbers.ts';
import { type Busy, bytesOf, packetsOf, type SortKey } from './sample.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly isRight: boolean;
  /** Columns of a low rank are left out first. */
  readonly rank: number;
  readonly key?: SortKey;
  readonly cell: (busy: Busy) => string;
}

/** `10.0.0.1:443`, `[2001:db8::1]:53`, `10.0.0.1 8/0` of ICMP. */
function endpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function sourceOf({ src, sport, type, code }: Direction): string {
  return type === undefined ? endpoint(src, sport) : `${src} ${type}/${code}`;
}

const secondsOf = ({ startNs, lastNs }: ConnectionForm): number => (lastNs - startNs) / 1e9;

/** The protocol's state; of those without one whether they were answered. */
function stateOf({ state, status }: ConnectionForm): string {
  if (state !== null) return state;
  return (status & 0x4) !== 0 ? 'ASSURED' : (status & 0x2) !== 0 ? 'REPLIED' : 'UNREPLIED';
}

const FIXED: readonly Column[] = [
  { title: 'PROTO', width: 7, isRight: false, rank: 5, cell: ({ connection: c }) => protocolOf(c) },
  { title: 'STATE', width: 11, isRight: false, rank: 3, cell: ({ connection }) => stateOf(connection) },
  {
    title: 'PACKETS',
    width: 7,
    isRight: true,
    rank: 2,
    key: 'packets',
    cell: ({ connection }) => short(packetsOf(connection)),
  },
  {
    title: 'BYTES',
    width: 6,
    isRight: true,
    rank: 6,
    key: 'bytes',
    cell: ({ connection }) => short(bytesOf(connection)),
  },
  {
    title: 'BIT/S',
    width: 6,
    isRight: true,
    rank: 4,
    key: 'rate',
    cell: ({ bytesPerS }) => (bytesPerS === null ? '-' : short(8 * bytesPerS)),
  },
  {
    title: 'TIME',
    width: 6,
    isRight: true,
    rank: 1,
    key: 'age',
    cell: ({ connection }) => duration(secondsOf(connection)),
  },
];

const protocolOf = ({ protocol, protocolName }: ConnectionForm): string =>
  protocolName === 'unknown' ? String(protocol) : protocolName;

/** Room that an address and a port of IPv4 need, and less than which says little. */
const ADDRESS_WIDTH = 21;
const ADDRESS_WIDTH_MIN = 12;
/** IPv6 with a port. */
const ADDRESS_WIDTH_MAX = 47;

/** Cut in the middle: the beginning says which network, the end which port. */
export function fit(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}~${text.slice(text.length - end)}`;
}

function columnsFor(width: number): { columns: readonly Column[]; addressWidth: number } {
  let columns = FIXED;
  const left = (): number => width - columns.reduce((sum, column) => sum + column.width + 1, 0) - 1;
  const wanted = (): number => (columns.length > 3 ? ADDRESS_WIDTH : ADDRESS_WIDTH_MIN);
  while (columns.length > 1 && left() < 2 * Math.min(wanted(), ADDRESS_WIDTH)) {
    // Where all of it is nearly there a shortened address is better than a column less.
    if (columns.length === FIXED.length && left() >= 2 * 15) break;
    const least = Math.min(...columns.map(({ rank }) => rank));
    columns = columns.filter(({ rank }) => rank !== least);
  }
  return {
    columns,
    addressWidth: Math.max(1, Math.min(ADDRESS_WIDTH_MAX, Math.floor(left() / 2))),
  };
}

const padded = (text: string, width: number, isRight: boolean): string =>
  isRight ? fit(text, width).padStart(width) : fit(text, width).padEnd(width);

export interface Row {
  readonly cells: readonly string[];
  /** Which of them the table is sorted by; -1 for none. */
  readonly sorted: number;
}

/** Cells with their padding, the title row first. */
export function rowsOf(busiest: readonly Busy[], sort: SortKey, width: number): Row[] {
  const { columns, addressWidth } = columnsFor(width);
  const isBefore = ({ title }: Column): boolean => title === 'PROTO' || title === 'STATE';
  const before = columns.filter(isBefore);
  const behind = columns.filter((column) => !isBefore(column));
  const row = (cell: (column: Column) => string, src: string, dst: string): string[] => [
    ...before.map((column) => padded(cell(column), column.width, column.isRight)),
    padded(src, addressWidth, false),
    padded(dst, addressWidth, false),
    ...behind.map((column) => padded(cell(column), column.width, column.isRight)),
  ];
  const place = behind.findIndex(({ key }) => key === sort);
  const sorted = place < 0 ? -1 : before.length + 2 + place;
  return [
    { cells: row(({ title }) => title, 'SOURCE', 'DESTINATION'), sorted },
    ...busiest.map((busy) => {
      const { original } = busy.connection;
      return {
        cells: row(({ cell }) => cell(busy), sourceOf(original), endpoint(original.dst, original.dport)),
        sorted,
      };
    }),
  ];
}
