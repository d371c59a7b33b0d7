/**
 * `sluis serve` where whoever came first is served first, as if there were no accounts. The
 * control. The command itself has a copy of these classes in its own file, and so has the thread
 * that writes the store, which keeps its turns.
 */
import { runCommandLine } from '../../../src/cli/program.ts';
import { FairLine } from '../../../src/platform/fair-line.ts';
import { FairSlots } from '../../../src/platform/fair-slots.ts';

const one = Symbol('one for all');
const { prototype: line } = FairLine as unknown as { prototype: { push: (key: unknown, item: unknown) => void } };
const { push } = line;
line.push = function (_key, item) {
  push.call(this, one, item);
};
const { prototype: slots } = FairSlots as unknown as {
  prototype: { take: (this: object, key: unknown, signal?: AbortSignal) => unknown };
};
const { take } = slots;
// Each has a key of its own, so that no account is held to its share.
slots.take = function (_key, signal) {
  return take.call(this, Symbol('somebody'), signal);
};
process.exitCode = await runCommandLine(['serve', ...process.argv.slice(2)]);
