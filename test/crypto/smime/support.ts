/** A staging in memory that tells what became of it. */
import { sourceOf } from '../../../src/crypto/smime/message.ts';
import type { Staging } from '../../../src/crypto/smime/open.ts';

export interface MemoryStage {
  readonly stage: () => Staging;
  /** How many were given up. */
  readonly aborted: number;
}

export function memoryStage(): MemoryStage {
  let aborted = 0;
  return {
    stage: () => {
      const held: Buffer[] = [];
      return {
        write: (slice) => void held.push(Buffer.from(slice)),
        seal: () => Promise.resolve(sourceOf(Buffer.concat(held))),
        abort: () => Promise.resolve(void (aborted += 1)),
      };
    },
    get aborted() {
      return aborted;
    },
  };
}
