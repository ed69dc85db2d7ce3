/**
 * Where a stream of events has come to, so that another one can go on from there: the position that the server told,
 * moved on by the number of each event and gap since.
 */

/** `run/owner:number,owner:number`, as the server writes it. */
const POSITION = /^(?:([0-9a-f]+)\/)?(\d+:\d+(?:,\d+:\d+)*)$/;

export interface Place {
  /** The server has said where it is. False: that is no position. */
  told(since: string): boolean;
  /** Of an owner all is known up to this number. */
  seen(owner: number, seq: number): void;
  /** For `since` of the next request; null before the server has said anything. */
  since(): string | null;
}

export function createPlace(): Place {
  let run = '';
  let numbers = new Map<number, number>();
  let isTold = false;
  return {
    told(since) {
      const match = POSITION.exec(since);
      if (match === null) return false;
      isTold = true;
      run = match[1] ?? '';
      numbers = new Map(
        match[2].split(',').map((pair) => {
          const [owner, number] = pair.split(':').map(Number);
          return [owner, number];
        }),
      );
      return true;
    },
    seen(owner, seq) {
      numbers.set(owner, Math.max(seq + 1, numbers.get(owner) ?? 0));
    },
    since() {
      if (!isTold) return null;
      const pairs = [...numbers].map(([owner, number]) => `${owner}:${number}`).join(',');
      return run === '' ? pairs : `${run}/${pairs}`;
    },
  };
}
