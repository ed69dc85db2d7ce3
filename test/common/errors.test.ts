import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvariantError, assert as invariant } from '../../src/common/assert.ts';
import { monotonicMs, randomWord } from '../../src/common/clock.ts';
import { CaptureError, ExitStatus, OptionError } from '../../src/common/errors.ts';

describe('errors', () => {
  test('a wrong option says which, its value, what is allowed, and what to do', () => {
    const error = new OptionError(
      '--shards',
      '0',
      'a whole number from 1 to 64',
      'Leave it out to use all cores',
    );
    assert.equal(
      error.message,
      '--shards: "0" is not allowed; allowed: a whole number from 1 to 64. Leave it out to use all cores',
    );
    assert.deepEqual(
      [error.name, error.code, error.option, error.value],
      ['OptionError', 'FLOWSHARD_OPTION', '--shards', '0'],
    );
    assert.equal(error.allowed, 'a whole number from 1 to 64');
    assert.equal(new OptionError('-o', 'a"b', 'xml').message, '-o: "a\\"b" is not allowed; allowed: xml');
    assert.ok(error instanceof Error);
  });

  test('a damaged file says where, what should be there, and what is', () => {
    const fields = {
      file: 'x.pcap',
      offset: 4711,
      expected: 'a record header of 16 bytes',
      found: 'the end of the file',
    };
    const error = new CaptureError(fields);
    assert.equal(
      error.message,
      'x.pcap: at byte 4711: expected a record header of 16 bytes, found the end of the file',
    );
    assert.deepEqual(
      { file: error.file, offset: error.offset, expected: error.expected, found: error.found },
      fields,
    );
    assert.deepEqual([error.name, error.code], ['CaptureError', 'FLOWSHARD_CAPTURE']);
  });

  test('the fields of a damaged file survive the way between threads', () => {
    const error = new CaptureError({ file: 'a', offset: 1, expected: 'b', found: 'c' });
    const { file, offset, expected, found } = error;
    assert.equal(new CaptureError(structuredClone({ file, offset, expected, found })).message, error.message);
  });

  test('a broken invariant throws its message, a kept one nothing', () => {
    assert.throws(() => invariant(false, 'the sky fell'), {
      name: 'InvariantError',
      message: 'the sky fell',
    });
    assert.doesNotThrow(() => invariant(true, 'unused'));
    assert.ok(new InvariantError('x') instanceof Error);
  });

  test('exit statuses are those that scripts rely on', () => {
    assert.deepEqual(
      [ExitStatus.OK, ExitStatus.FAILED, ExitStatus.USAGE, ExitStatus.INTERRUPTED],
      [0, 1, 2, 130],
    );
  });
});

describe('the clock', () => {
  test('never goes back', () => {
    let last = monotonicMs();
    for (let i = 0; i < 1000; i++) {
      const now = monotonicMs();
      assert.ok(now >= last);
      last = now;
    }
  });

  test('random words use all 32 bits', () => {
    let ones = 0;
    let zeroes = 0;
    for (let i = 0; i < 100; i++) {
      const word = randomWord();
      assert.equal(word, word | 0);
      ones |= word;
      zeroes |= ~word;
    }
    assert.deepEqual([ones, zeroes], [-1, -1]);
  });
});
