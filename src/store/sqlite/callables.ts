/** What may be called in a thread of the store. */
import { type Callable, methodsOf } from '../sql/remote.ts';
import type { Step } from '../sql/sql.ts';

/** In the thread that is called: finds the method. What is not in the table may not be called. */
export class Callables<Answer = Generator<Step, unknown>> {
  readonly #objects: ReadonlyMap<string, ReadonlyMap<string, Callable<Answer>>>;

  constructor(...tables: readonly Readonly<Record<string, object>>[]) {
    const objects = new Map<string, Map<string, Callable<Answer>>>();
    for (const table of tables)
      for (const [name, object] of Object.entries(table))
        objects.set(name, new Map([...(objects.get(name) ?? []), ...methodsOf<Answer>(object)]));
    this.#objects = objects;
  }

  of({ object, method }: { readonly object: string; readonly method: string }): Callable<Answer> {
    const found = this.#objects.get(object)?.get(method);
    if (found === undefined) throw new TypeError(`Nothing may be called as ${object}.${method}`);
    return found;
  }
}
