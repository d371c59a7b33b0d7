/**
 * Changes and reads as they are called from the gateway's own thread: changes go to the writer and share its commits, reads go to the reader.
 * This is the one place that decides what may be called, and what may go over.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { CHANGES, MAIL_CHANGES } from '../changes/table.ts';
import { READS } from '../reads/table.ts';
import { type Subjects } from '../objects.ts';
import { type Remote, checkCrossing, methodsIn, methodsOf } from '../sql/remote.ts';
import { mannerOf } from './manners.ts';
import { OWN, type Own } from './own.ts';
import { OWN_READS, type OwnReadCalls } from './own-reads.ts';
import type { Reader } from './reader.ts';
import type { StoreTime } from './store-time.ts';
import type { Writer } from './writer.ts';

/** What goes over. */
export interface Call {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly at: number;
}

export interface CallParts {
  readonly writer: Pick<Writer, 'call'>;
  readonly reader: Pick<Reader, 'call'>;
  readonly time: Pick<StoreTime, 'now'>;
  readonly random: RandomBytes;
}

type Asked = (...args: readonly unknown[]) => Promise<unknown>;

/** The objects of all tables by their subject, each with the methods of all. */
export function subjectsOf({ writer, reader, time, random }: CallParts): Subjects {
  const change = (call: Call): Promise<unknown> => writer.call({ ...call, salt: random(32) });
  const read = (call: Call): Promise<unknown> => reader.call(call);
  const subjects: Record<string, Record<string, Asked>> = {};
  const tables: readonly [objects: Readonly<Record<string, object>>, ask: (call: Call) => Promise<unknown>][] = [
    [CHANGES, change],
    [MAIL_CHANGES, change],
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

/** The writer's own objects as whoever asks has them. */
export type OwnCalls = { readonly [K in keyof Own]: Remote<Own[K]> };

export const ownCallsOf = (writer: Pick<Writer, 'call'>): OwnCalls =>
  callsOf(OWN, (object, method) => {
    const { gives } = mannerOf(object, method);
    return (...args) => writer.call({ object, method, args }, gives?.(...(args as never)));
  }) as OwnCalls;

/** The reader's. */
export const ownReadCallsOf = (reader: Pick<Reader, 'call'>): OwnReadCalls =>
  callsOf(OWN_READS, (object, method) => async (...args) => {
    checkCrossing(args);
    return await reader.call({ object, method, args });
  }) as OwnReadCalls;

function callsOf(
  classes: Readonly<Record<string, { readonly prototype: object }>>,
  asked: (object: string, method: string) => Asked,
): unknown {
  const calls = Object.entries(classes).map(([object, { prototype }]): [string, Record<string, Asked>] => {
    const methods = [...methodsIn(prototype).keys()].map((method): [string, Asked] => [method, asked(object, method)]);
    return [object, Object.fromEntries(methods)];
  });
  return Object.fromEntries(calls);
}

/** The same methods, each after `first` has been done. */
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
