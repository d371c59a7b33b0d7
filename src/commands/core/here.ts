/** What a command has that runs in its own process: where it runs, and the operations of the gateway. */
import type { CallOptions } from '../../admin/client.ts';
import type { Input } from '../../admin/input.ts';
import type { SureOptions } from '../../cli/ask.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { Config } from '../../config/schema.ts';
import type { AnyOperation, OutputOf } from './row.ts';

export interface Here {
  readonly terminal: Terminal;
  /** Those that all commands share: configuration, `--json`, reason, approval. */
  readonly options: SureOptions;
  /** Read and checked at its first use. */
  config(): Config;
  /** `input` as it goes over the socket. All calls of one command go over one connection. */
  call<R extends AnyOperation>(row: R, input: Input, options?: CallOptions): Promise<OutputOf<R>>;
  /** An operation that is no row yet. */
  callNamed<T>(operation: string, input: Input, options?: CallOptions): Promise<T>;
}
