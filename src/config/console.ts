/** Where the web console is, and how long its sessions hold. */
import { defined } from '../domain/defined.ts';
import type { Milliseconds } from '../domain/units.ts';
import { originOf } from './listeners.ts';
import type { Config } from './schema.ts';

interface ConsoleFacts {
  /** With a slash behind it; absent where no listener has it. */
  readonly page?: string;
  readonly times: { readonly idle: Milliseconds; readonly longest: Milliseconds };
}

/** As browsers have it, in lower case and without a slash; undefined: no listener has it. */
export const consoleOrigin = (config: Config): string | undefined =>
  (config.console.page?.replace(/\/$/, '') ?? originOf(config, 'console'))?.toLowerCase();

export function consoleFacts(config: Config): ConsoleFacts {
  const { idle, longest } = config.console;
  const origin = consoleOrigin(config);
  return { times: { idle, longest }, ...defined({ page: origin && `${origin}/` }) };
}
