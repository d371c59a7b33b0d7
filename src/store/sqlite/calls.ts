/**
 * Changes and reads as they are called from the gateway's own thread: changes go to the writer and share its commits, reads go to the reader.
 * This is the one place that decides what may be called, and what may go over.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { CHANGES, MAIL_CHANGES, READS, type Subjects } from '../objects.ts';
import { type Callable, type Remote, checkCrossing, methodsIn, methodsOf } from '../sql/remote.ts';
import { mannerOf } from './manners.ts';
import { OWN, type Own } from './own.ts';
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
  readonly reader: Pick<Reader, 'ask'>;
  readonly time: Pick<StoreTime, 'now'>;
  readonly random: RandomBytes;
}

type Asked = (...args: readonly unknown[]) => Promise<unknown>;

/** The objects of all tables by their subject, each with the methods of all. */
export function subjectsOf({ writer, reader, time, random }: CallParts): Subjects {
  const change = (call: Call): Promise<unknown> => writer.call({ kind: 'call', ...call, salt: random(32) });
  const read = (call: Call): Promise<unknown> => reader.ask('call', call);
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

export function ownCallsOf(writer: Pick<Writer, 'call'>): OwnCalls {
  const calls = Object.entries(OWN).map(([object, { prototype }]): [string, Record<string, Asked>] => {
    const methods = [...methodsIn(prototype).keys()].map((method): [string, Asked] => {
      const { gives } = mannerOf(object, method);
      return [method, (...args) => writer.call({ kind: 'call', object, method, args }, gives?.(...(args as never)))];
    });
    return [object, Object.fromEntries(methods)];
  });
  return Object.fromEntries(calls) as unknown as OwnCalls;
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

/** In the thread that is called: finds the method. What is not in the table may not be called. */
export class Callables {
  readonly #objects: ReadonlyMap<string, ReadonlyMap<string, Callable>>;

  constructor(...tables: readonly Readonly<Record<string, object>>[]) {
    const objects = new Map<string, Map<string, Callable>>();
    for (const table of tables)
      for (const [name, object] of Object.entries(table))
        objects.set(name, new Map([...(objects.get(name) ?? []), ...methodsOf(object)]));
    this.#objects = objects;
  }

  of({ object, method }: Pick<Call, 'object' | 'method'>): Callable {
    const found = this.#objects.get(object)?.get(method);
    if (found === undefined) throw new TypeError(`Nothing may be called as ${object}.${method}`);
    return found;
  }
}
