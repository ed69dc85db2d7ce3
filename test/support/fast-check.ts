/** fast-check with the seed of the run: fixed in a normal one, so that it fails today as it did yesterday, new in a soak. */
import fc from 'fast-check';
import { SEED } from './random.ts';

fc.configureGlobal({ seed: SEED });

export default fc;
