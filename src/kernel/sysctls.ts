/** Settings of `--set` as sysctls of the kernel. */

/** Reassembly of IPv4 belongs to the IP layer; everything else is conntrack's. */
const IPV4_NAMES = /^ipfrag_/;

/** `tcp_loose=0`, with or without its prefix, as the full name and the value. */
export function sysctlOf(assignment: string): readonly [name: string, value: string] {
  const [name, value = ''] = assignment.split('=');
  const bare = name.trim().replace(/^(net\.(netfilter|ipv4)\.)?(nf_conntrack_)?/, '');
  const full = IPV4_NAMES.test(bare) ? `net.ipv4.${bare}` : `net.netfilter.nf_conntrack_${bare}`;
  return [full, value.trim()];
}
