/**
 * The manners of what SQLite's writer does in its own way (own.ts), beside the changes that are
 * written once for all engines (core/manners.ts).
 */
import type { ChangeEffects } from '../changes/changed.ts';
import { type Manner, REGISTRY, mannerOfChange } from '../core/manners.ts';
import type { Own } from './own.ts';

type OwnMannerOf<F> = F extends (changed: ChangeEffects, ...args: infer A) => unknown ? Manner<A> : never;
type OwnManners<T> = { readonly [K in keyof T]: { readonly [M in keyof T[K]]: OwnMannerOf<T[K][M]> } };

const OF_OWN: OwnManners<Own> = {
  mail: {
    accept: { reach: 'nothing', mail: true, turn: ({ submitter }) => submitter, files: (work) => [work] },
    sentRequest: { reach: 'nothing' },
    chunk: {
      reach: 'nothing',
      mail: true,
      slice: true,
      untold: true,
      turn: ({ account }) => account,
      gives: ({ sealed }) => sealed,
    },
  },
  trail: { append: { reach: 'nothing' }, erasePersonal: { reach: 'nothing' } },
  upkeep: {
    alive: { reach: 'nothing' },
    countUsage: { reach: 'messages' },
    checked: { reach: 'nothing' },
    keepReserve: { reach: 'nothing', outside: true },
  },
};

const ALL: Readonly<Record<string, Readonly<Record<string, Manner>>>> = OF_OWN;

export const mannerOf = (object: string, method: string): Manner =>
  object in ALL ? (ALL[object]?.[method] ?? REGISTRY) : mannerOfChange(object, method);
