/** What most helpers foretell: a connection from one side of the master to the other one. */
import { ExpectAnswer } from '../expectations.ts';
import { type HelperContext, HelperVerdict, type Message } from './helper.ts';

/**
 * Expects a connection to `port` of the side that sends direction `dir`, from the other side and any
 * port of it. REFUSE when there is no room, or another expectation is in the way.
 */
export function expectFromPeer(
  context: HelperContext,
  m: Message,
  dir: number,
  protocol: number,
  port: number,
): HelperVerdict {
  const request = context.request(protocol);
  context.source(1 - dir, request.source);
  request.mask.fill(-1, 0, m.isIpv6 ? 4 : 1);
  context.source(dir, request.destination);
  request.destinationPort = port;
  return context.expect(request) === ExpectAnswer.ADDED ? HelperVerdict.ACCEPT : HelperVerdict.REFUSE;
}
