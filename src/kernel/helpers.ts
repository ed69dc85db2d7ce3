/** Helpers that the kernel has too, as its rules name them. */
import { OptionError } from '../common/errors.ts';
import { HELPER_NAMES, type HelperNumber } from '../common/helpers.ts';
import { HELPERS_BY_NUMBER, type HelperAt } from '../conntrack/helpers/registry.ts';
import type { Helper } from './linux/nftables.ts';

/** What a rule can attach; others the kernel attaches by expectation only, or it has no such helper. */
const KERNEL_NAMES: ReadonlySet<string> = new Set([
  'ftp',
  'irc',
  'tftp',
  'sip',
  'amanda',
  'pptp',
  'RAS',
  'Q.931',
  'sane',
  'netbios-ns',
]);
const TCP = 6;

/** One for each protocol of each helper. Errors: OptionError for a helper that the kernel does not have */
export function kernelHelpers(helpers: readonly HelperAt[]): Helper[] {
  return helpers.flatMap(({ helper, port }) => {
    const name = HELPER_NAMES[helper];
    if (!KERNEL_NAMES.has(name))
      throw new OptionError(
        '--helpers',
        name,
        `helpers that the kernel has: ${[...KERNEL_NAMES].join(', ')}`,
      );
    return protocolsOf(helper).map((protocol) => ({ name, protocol, port }));
  });
}

function protocolsOf(helper: HelperNumber): Helper['protocol'][] {
  const protocols = HELPERS_BY_NUMBER.get(helper)?.protocols ?? [];
  return protocols.map((number) => (number === TCP ? 'tcp' : 'udp'));
}
