/** The writer's and the reader's own objects as they are called from the gateway's own thread. */
import { type Remote, checkCrossing, methodsIn } from '../sql/remote.ts';
import type { Asked } from '../core/calls.ts';
import { mannerOf } from './manners.ts';
import { OWN, type Own } from './own.ts';
import { OWN_READS, type OwnReadCalls } from './own-reads.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** The writer's own objects as callers see them. */
export type OwnCalls = { readonly [K in keyof Own]: Remote<Own[K]> };

export const ownCallsOf = (writer: Pick<Writer, 'call'>): OwnCalls =>
  callsOf(OWN, (object, method) => {
    const { gives } = mannerOf(object, method);
    return (...args) => writer.call({ object, method, args }, gives?.(...(args as never)));
  }) as OwnCalls;

/** The reader's own objects as callers see them. */
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
