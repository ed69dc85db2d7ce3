/**
 * What a fragment counts towards the limits: what Linux books for it, so that a limit in bytes means
 * the same here and there. A packet is more than its bytes: there are room in front, a trailer, and a
 * descriptor, and buffers come in certain sizes.
 *
 * Source: measured (/proc/net/sockstat of a 6.18 kernel, packets of 28 to 65,524 bytes from a TUN device).
 *         Network cards differ; many book more
 */
const DESCRIPTOR_BYTES = 256;
const AROUND_BYTES = 384;
const SMALL_BYTES = 576;
const POWERS_UP_TO = 8192;
const PAGE_BYTES = 4096;

/** Of a packet without data. */
export const FRAGMENT_CHARGE_MIN = DESCRIPTOR_BYTES + SMALL_BYTES;
/** Of a queue. */
export const QUEUE_CHARGE_IPV4 = 200;
export const QUEUE_CHARGE_IPV6 = 184;

/** Of a packet of so many bytes of layer 3. */
export function fragmentCharge(bytes: number): number {
  const needed = bytes + AROUND_BYTES;
  if (needed <= SMALL_BYTES) return DESCRIPTOR_BYTES + SMALL_BYTES;
  if (needed > POWERS_UP_TO) return DESCRIPTOR_BYTES + Math.ceil(needed / PAGE_BYTES) * PAGE_BYTES;
  return DESCRIPTOR_BYTES + Math.max(1024, 1 << (32 - Math.clz32(needed - 1)));
}
