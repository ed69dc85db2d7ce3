/** Bounds what helpers may cost: so many messages and bytes in one step of packet time; the rest is counted and not read. */
import { Counter } from '../shm/counters.ts';

const STEP_SHIFT = 5;
const MESSAGES = 16_384;
const BYTES = 4 << 20;

export interface HelperBudget {
  /** Takes a message of so many bytes from the budget of this moment; false when there is none left. */
  take(bytes: number, nowMs: number): boolean;
}

export function createHelperBudget(counters: Float64Array): HelperBudget {
  let step = 0;
  let messagesLeft = MESSAGES;
  let bytesLeft = BYTES;
  return {
    take(bytes, nowMs) {
      if (nowMs >>> STEP_SHIFT !== step) {
        step = nowMs >>> STEP_SHIFT;
        messagesLeft = MESSAGES;
        bytesLeft = BYTES;
      }
      if (messagesLeft === 0 || bytesLeft < bytes) {
        counters[Counter.HELPER_GIVEN_UP]++;
        return false;
      }
      messagesLeft--;
      bytesLeft -= bytes;
      return true;
    },
  };
}
