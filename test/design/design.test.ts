import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../src/common/errors.ts';
import { type DesignRequest, designOf, FLOWS_DEFAULT } from '../../src/design/design.ts';
import { request } from './requests.ts';

/** Without the flows that small designs have. */
function asked(given: Partial<DesignRequest>): DesignRequest {
  const { flows: _, ...rest } = request();
  return { ...rest, ...given };
}

describe('a design', () => {
  it('has flows, room and load of which two make the third', () => {
    const sizes = (given: Partial<DesignRequest>): number[] => {
      const { flows, max } = designOf(asked(given));
      return [flows, max];
    };
    assert.deepEqual(sizes({}), [FLOWS_DEFAULT, 2 * FLOWS_DEFAULT]);
    assert.deepEqual(sizes({ flows: 1000 }), [1000, 2000]);
    assert.deepEqual(sizes({ flows: 1000, load: 0.8 }), [1000, 1250]);
    assert.deepEqual(sizes({ max: 1000, load: 0.8 }), [800, 1000]);
    assert.deepEqual(sizes({ max: 1000 }), [500, 1000]);
    assert.deepEqual(sizes({ flows: 900, max: 1000 }), [900, 1000]);
  });

  it('has room for connections that have ended and linger', () => {
    const { max } = designOf(asked({ flows: 1000, newPerSecond: 100, durationS: 4, warmupS: 1 }));
    assert.equal(max, (1000 + 500) * 2);
  });

  it('refuses what contradicts itself', () => {
    const refused = (given: Partial<DesignRequest>, option: string): void =>
      assert.throws(
        () => designOf(asked(given)),
        (error) => error instanceof OptionError && error.option === option,
        JSON.stringify(given),
      );
    refused({ flows: 10, max: 100, load: 0.5 }, '--load');
    refused({ flows: 16_000_000, load: 0.1 }, '--load');
    refused({ flows: 16_000_000 }, '--flows');
    refused({ flows: 1000, newPerSecond: 100_000, rate: 1000 }, '--rate');
  });

  it('has times in which no connection falls silent, where no rate is asked for', () => {
    assert.equal(designOf(asked({ flows: 1000 })).traffic.packetsPerSecond, 1_000_000);
    assert.equal(designOf(asked({ flows: 4_000_000 })).traffic.packetsPerSecond, 4_000_000);
    assert.equal(designOf(asked({ rate: 5000 })).traffic.packetsPerSecond, 5000);
  });
});
