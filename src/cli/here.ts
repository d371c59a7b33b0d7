/**
 * The surroundings of a command: its terminal and options, and one connection to the operations,
 * which is opened when it is first needed.
 */
import { type AdminClient, connectControl } from '../admin/client.ts';
import { AdminError } from '../admin/error.ts';
import type { CallOptions } from '../admin/call.ts';
import type { Input } from '../admin/input.ts';
import type { OperationName } from '../admin/operations.ts';
import type { AnyOperation, Calls, Here, OutputOf } from '../commands/core/row.ts';
import { operationName } from '../commands/core/subject.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { LONGEST_TIMER } from '../config/units.ts';
import type { CommandFacts } from './command-tree.ts';
import { openAdmin } from './connect.ts';
import { type SharedOptions, callerOf } from './options.ts';
import type { Terminal } from './terminal.ts';

const callsOn = (client: AdminClient): Calls => ({
  call: (row, input, options) => callsOn(client).callNamed(operationName(row), input, options),
  // The gateway refuses a name that it does not know.
  callNamed: async <T>(operation: string, input: Input, options?: CallOptions) =>
    (await client.call(operation as OperationName, input, options)) as T,
});

export class OneConnection implements Here {
  readonly terminal: Terminal;
  readonly options: SharedOptions;
  readonly words: () => CommandFacts;
  #client: Promise<AdminClient> | undefined;
  #config: Config | undefined;

  constructor(terminal: Terminal, options: SharedOptions, words: () => CommandFacts) {
    this.terminal = terminal;
    this.options = options;
    this.words = words;
  }

  /**
   * The same with other options. It needs another connection, because a connection carries the
   * reason.
   */
  with(options: SharedOptions): OneConnection {
    return options === this.options ? this : new OneConnection(this.terminal, options, this.words);
  }

  config(): Config {
    return (this.#config ??= loadConfig(this.options.config));
  }

  call<R extends AnyOperation>(row: R, input: Input, options?: CallOptions): Promise<OutputOf<R>> {
    return this.callNamed(operationName(row), input, options);
  }

  async callNamed<T>(operation: string, input: Input, options?: CallOptions): Promise<T> {
    return await callsOn(await (this.#client ??= openAdmin(this.options))).callNamed<T>(operation, input, options);
  }

  async callOnce<R extends AnyOperation>(options: SharedOptions, row: R, input: Input): Promise<OutputOf<R>> {
    return await withHere(this.terminal, options, this.words, (once) => once.call(row, input));
  }

  async running<T>(ask: (gateway: Calls) => Promise<T>, within: number = LONGEST_TIMER): Promise<T | undefined> {
    let client: AdminClient | undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `Cannot ask the gateway: it does not answer within ${within / 1000} s`;
      timer = setTimeout(() => reject(new AdminError('unavailable', why)), within);
    });
    const asked = async (): Promise<T | undefined> => {
      client = await connectControl(controlSocketOf(this.config()), callerOf(this.options));
      return client === undefined ? undefined : await ask(callsOn(client));
    };
    try {
      return await Promise.race([asked(), late]);
    } finally {
      clearTimeout(timer);
      // Not awaited, since a gateway that hangs would not close its side.
      void client?.close();
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // If it could not be opened, the caller has already been told.
    await client?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}

/** Runs `use` and then closes what was opened. */
export async function withHere<T>(
  terminal: Terminal,
  options: SharedOptions,
  words: () => CommandFacts,
  use: (here: OneConnection) => Promise<T>,
): Promise<T> {
  const here = new OneConnection(terminal, options, words);
  try {
    return await use(here);
  } finally {
    await here.close();
  }
}
