/**
 * Changes and reads as the gateway's code calls them. Only this file decides which methods may be
 * called, and which arguments may go to another thread.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { CHANGES, MAIL_CHANGES } from '../changes/table.ts';
import { READS } from '../reads/table.ts';
import type { Subjects } from '../objects.ts';
import { checkCrossing, methodsOf } from '../sql/remote.ts';
import type { StoreTime } from './store-time.ts';

/** A call as it is sent to the thread. */
export interface Call {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly at: number;
}
/** `salt`: 32 random octets, from which those of its audit rows are made. */
export interface ChangeCall extends Call {
  readonly salt: Uint8Array;
}

export interface CallParts {
  readonly change: (call: ChangeCall) => Promise<unknown>;
  readonly read: (call: Call) => Promise<unknown>;
  readonly time: Pick<StoreTime, 'now'>;
  readonly random: RandomBytes;
}

export type Asked = (...args: readonly unknown[]) => Promise<unknown>;

/** The objects of all tables by subject, each with all of its methods. */
export function subjectsOf({ change, read, time, random }: CallParts): Subjects {
  const salted = (call: Call): Promise<unknown> => change({ ...call, salt: random(32) });
  const subjects: Record<string, Record<string, Asked>> = {};
  const tables: readonly [objects: Readonly<Record<string, object>>, ask: (call: Call) => Promise<unknown>][] = [
    [CHANGES, salted],
    [MAIL_CHANGES, salted],
    [READS, read],
  ];
  for (const [objects, ask] of tables)
    for (const [object, of] of Object.entries(objects)) {
      const methods = (subjects[object] ??= {});
      for (const method of methodsOf(of).keys())
        methods[method] = async (...args) => {
          checkCrossing(args);
          return await ask({ object, method, args, at: time.now() });
        };
    }
  return subjects as unknown as Subjects;
}

/** An object with the same methods, each of which runs after `first` is done. */
export function after<T extends object>(first: () => Promise<unknown>, methods: T): T {
  const asked = Object.entries(methods as Readonly<Record<string, Asked>>).map(([name, method]): [string, Asked] => [
    name,
    async (...args) => {
      await first();
      return await method(...args);
    },
  ]);
  return Object.fromEntries(asked) as T;
}
