/** Helpers that the kernel has too, as its rules name them. */
import { OptionError } from '../common/errors.ts';
import { HELPER_NAMES } from '../common/helpers.ts';
import { type HelperAt, protocolsAt } from '../conntrack/helpers/registry.ts';
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
  return helpers.flatMap((at) => {
    const name = HELPER_NAMES[at.helper];
    if (!KERNEL_NAMES.has(name))
      throw new OptionError(
        '--helpers',
        name,
        `helpers that the kernel has: ${[...KERNEL_NAMES].join(', ')}`,
      );
    return protocolsAt(at).map((number) => ({
      name,
      protocol: number === TCP ? 'tcp' : 'udp',
      port: at.port,
    }));
  });
}
