/**
 * Reaches the operations: over the control socket of the running gateway or, if none runs, on the
 * store itself. The store's lock decides between the two, so the store is never open twice.
 */
import { AdminError } from '../admin/error.ts';
import type { Caller } from '../admin/call.ts';
import type { AdminClient } from '../admin/client.ts';
import { controlSocketOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import { systemClock } from '../platform/clock.ts';
import { StoreRefused } from '../store/store.ts';
import { type SharedOptions, callerOf } from './options.ts';
import { once } from './upload.ts';
import { type Roads, connectAny, notServed, roadsFor, tokenFrom } from './roads.ts';

/**
 * How often, and after how many milliseconds, it tries again. A gateway that starts holds the lock
 * a moment before its socket answers; one that stops holds it a moment longer.
 */
const ATTEMPTS = 20;
const PAUSE = 250;

/** Opens a client. The caller must close it. */
export async function openAdmin(options: SharedOptions): Promise<AdminClient> {
  const roads = roadsFor(options.config);
  const client = await connect(roads, { ...callerOf(options), ...defined({ token: tokenFrom() }) });
  const { operatorKey } = options;
  if (operatorKey === undefined) return client;
  const { signingFirst } = await import('./operator-key.ts');
  return signingFirst(client, operatorKey);
}

async function connect(roads: Roads, caller: Caller): Promise<AdminClient> {
  const { config } = roads;
  for (let attempt = 1; ; attempt += 1) {
    const running = await connectAny(roads, caller);
    if (running !== undefined) return running;
    if (config === undefined) throw notServed(roads);
    try {
      return await direct(config, caller);
    } catch (error) {
      if (!(error instanceof StoreRefused) || !error.held) throw error;
      if (attempt === ATTEMPTS) {
        // Loaded only here, because each command loads this file.
        const { holderText } = await import('../domain/lock-holder.ts');
        throw new AdminError(
          'unavailable',
          `Cannot reach the store in "${config.data.folder}": ${holderText(error.holder)} holds it and does not answer on "${controlSocketOf(config)}"; try again, or stop that process`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

async function direct(config: Config, { approval, token, ...said }: Caller): Promise<AdminClient> {
  // Loaded only here. Most commands talk to a running gateway, and start in half the time without
  // the store and its libraries.
  const [{ runOperation }, { openForCommand }, { createLog }, { callerAt }] = await Promise.all([
    import('../admin/operations.ts'),
    import('../gateway/admin.ts'),
    import('../platform/log.ts'),
    import('../admin/authentication.ts'),
  ]);
  const log = createLog({ level: 'error', format: 'pretty' });
  const { store, context } = await openForCommand(config, { clock: systemClock, log });
  // Somebody who opens the files himself may do everything. If a token goes along, it says who he
  // is, and allows no more than the token does.
  let caller: Awaited<ReturnType<typeof callerAt>>;
  try {
    caller = await callerAt(context, 'owner', { actor: said, token });
  } catch (error) {
    await store.close();
    throw error;
  }
  const { actor, who } = caller;
  // NEN 7513: direct access to the database is an event of its own.
  const note = (event: string): void =>
    store.audit.note({
      event,
      outcome: 'success',
      facts: { by: 'command', process: process.pid },
      personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
    });
  note('store.opened');
  return {
    call: (name, input, { progress = () => undefined, upload, receive } = {}) => {
      const call = {
        actor,
        who,
        progress,
        send: (piece: string) => Promise.resolve(receive?.(piece)),
        ...defined({ approval }),
        ...(upload === undefined ? {} : { upload: typeof upload === 'string' ? once(upload) : upload }),
      };
      return runOperation(name, context, input, call, log);
    },
    close: async () => {
      note('store.closed');
      await store.close();
    },
  };
}
