/** A command line that conntrack would not take either, or that has no meaning here. */
import { ExitStatus } from '../../common/errors.ts';

export class ConntrackError extends Error {
  override readonly name = 'ConntrackError';
  constructor(
    message: string,
    readonly exitStatus: ExitStatus = ExitStatus.USAGE,
  ) {
    super(message);
  }
}
