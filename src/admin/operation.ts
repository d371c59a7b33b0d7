/** The form of an operation: one name, one input, one result. */
import type { AdminContext, Call } from './context.ts';
import type { Input } from './input.ts';

export interface Operation<I = never, O = unknown> {
  /** True where the registry or the gateway is changed: such a call is logged with the person behind it. */
  readonly changes: boolean;
  /** Checks the input; throws AdminError. */
  readonly read: (input: Input) => I;
  readonly run: (context: AdminContext, input: I, call: Call) => Promise<O>;
}

export const listing = <I, O>(
  read: (input: Input) => I,
  run: (context: AdminContext, input: I, call: Call) => Promise<O>,
): Operation<I, O> => ({ changes: false, read, run });

export const change = <I, O>(
  read: (input: Input) => I,
  run: (context: AdminContext, input: I, call: Call) => Promise<O>,
): Operation<I, O> => ({ changes: true, read, run });
