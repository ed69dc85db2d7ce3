/** Small designs for tests. */
import { createSettings } from '../../src/conntrack/settings.ts';
import type { DesignRequest } from '../../src/design/design.ts';

export const request = (given: Partial<DesignRequest> = {}): DesignRequest => ({
  newPerSecond: 0,
  sizes: [{ min: 64, max: 64, weight: 1 }],
  zipf: 0,
  shards: 1,
  settings: createSettings(),
  durationS: 0.2,
  warmupS: 0,
  seed: 1,
  latency: true,
  flows: 500,
  ...given,
});
