/**
 * Places that a client may come back to: where a list goes on (`cursor`) and where events go on (`since`). Both carry
 * the name of the run of the tracker, so that one of an earlier run is recognised.
 */
import { OptionError } from '../common/errors.ts';
import type { EventPosition, ScanPosition } from '../control/tracker-control.ts';

/** Opaque to clients: run, owner, entry. */
export function cursorText(instance: string, at: ScanPosition): string {
  return Buffer.from(`${instance}.${at.owner}.${at.entry}`, 'latin1').toString('base64url');
}

/** Errors: OptionError for what is no cursor of ours or of an earlier run */
export function cursorOf(instance: string, text: string, owners: number): ScanPosition {
  const match = /^([0-9a-f]{8})\.(\d{1,3})\.(\d{1,10})$/.exec(
    Buffer.from(text, 'base64url').toString('latin1'),
  );
  if (match === null || Number(match[2]) >= owners)
    throw new OptionError('cursor', text, 'the value of `next` of a page');
  if (match[1] !== instance)
    throw new OptionError('cursor', text, 'a cursor of this run of the tracker', 'Begin with the first page');
  return { owner: Number(match[2]), entry: Number(match[3]) };
}

/** `run/owner:number,owner:number` */
export function sinceText(instance: string, position: EventPosition): string {
  return `${instance}/${position.map((number, owner) => `${owner}:${number}`).join(',')}`;
}

export interface Since {
  readonly position: EventPosition;
  /** It is of an earlier run: `position` is that of now. */
  readonly isRestart: boolean;
}

const ALLOWED = 'OWNER:NUMBER[,OWNER:NUMBER...], as the position records have it';

/**
 * Reads a `since`. Owners that it does not name go on from now.
 *
 * Errors: OptionError for what has another form, an owner that is not there, a number that is still to come
 */
export function sinceOf(instance: string, text: string, now: EventPosition): Since {
  const wrong = (hint: string) => new OptionError('since', text, ALLOWED, hint);
  const match = /^(?:([0-9a-f]{8})\/)?(\d{1,3}:\d{1,16}(?:,\d{1,3}:\d{1,16}){0,64})$/.exec(text);
  if (match === null) throw wrong('');
  if (match[1] !== undefined && match[1] !== instance) return { position: now, isRestart: true };
  const position = [...now];
  for (const pair of match[2].split(',')) {
    const [owner, number] = pair.split(':').map(Number);
    if (owner >= now.length) throw wrong(`The owners are 0 to ${now.length - 1}`);
    if (number > now[owner]) throw wrong(`Owner ${owner} has come to ${now[owner]} only`);
    position[owner] = number;
  }
  return { position, isRestart: false };
}
