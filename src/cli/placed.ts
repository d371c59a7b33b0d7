/** Every command with its row, for what is generated from all of them. It loads them all. */
import { type Placed, commandsIn } from '../commands/core/walk.ts';
import { groups } from './groups.ts';

export const placed = async (): Promise<readonly Placed[]> =>
  (await Promise.all(groups.map(({ load }) => load()))).flatMap(commandsIn);
