/** Makes a new master key and seals everything with it. The gateway is stopped meanwhile. */
import { askToDestroy } from '../../cli/ask.ts';
import { confirm } from '../../cli/confirm.ts';
import { CommandError } from '../../cli/exit.ts';
import { tellsWait } from '../../cli/folder-wait.ts';
import { callerOf } from '../../cli/options.ts';
import { readMasterKey } from '../../config/master-key.ts';
import { keyFingerprint } from '../../crypto/keys/key-fingerprint.ts';
import { defined } from '../../domain/defined.ts';
import { finishRotation, rotateMasterKey } from '../../gateway/stopped-store.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Here } from '../core/row.ts';
import { STILL_RUNS, allowed } from './custody.ts';
import { type OldKeys, keepOldKeys, oldKeysText } from './old-keys.ts';

export interface Wanted {
  readonly out: string | undefined;
  readonly withoutCopy: boolean;
}
type Done = NonNullable<Awaited<ReturnType<typeof finishRotation>>> & { readonly oldKeyFolder?: string };
export interface Rotated {
  readonly done: Done;
  readonly told: string;
}

export async function rotate(here: Here, { out, withoutCopy }: Wanted): Promise<Rotated> {
  const config = here.config();
  const { 'master-key-file': keyFile, 'master-key-command': command } = config.keys;
  if ((keyFile === undefined) !== (out !== undefined))
    throw new CommandError(
      'usage',
      keyFile === undefined
        ? `Cannot make a new master key: ${command?.[0] ?? 'a command'} prints the present one, so say with --out FILE where the new one goes; put it into the key store afterwards`
        : `Cannot use --out: the new key takes the place of "${keyFile}"; leave it out`,
    );
  // Checked first, so that nobody signs in vain.
  if ((await here.running(() => Promise.resolve(true))) === true) throw new CommandError('unavailable', STILL_RUNS);
  const newKeyFile = out ?? `${keyFile ?? ''}.new`;
  const masterKey = await readMasterKey(config);
  const rotation = {
    keyFolder: config.keys.folder,
    masterKey,
    newKeyFile,
    ...defined({ keyFile }),
    actor: callerOf(here.options),
    clock: systemClock,
  };
  // An earlier rotation may have been interrupted after its commit. It was allowed then, and the
  // store cannot be opened until it is finished.
  let done = await finishRotation(config, rotation, tellsWait);
  let kept: OldKeys | undefined;
  if (done === undefined) {
    const fingerprint = keyFingerprint(masterKey);
    const options = await sure(here, fingerprint, withoutCopy);
    // This comes before the approval, so that nobody signs for a rotation that cannot be done.
    if (!withoutCopy) kept = await keepOldKeys(config, fingerprint);
    // When this returns, the store is closed.
    const { actor } = await here.callOnce(options, allowed, { fingerprint });
    // Copies keys that were made while somebody signed.
    if (kept !== undefined) kept = await keepOldKeys(config, fingerprint);
    const by = { name: actor.name, ...defined({ reason: actor.reason }) };
    done = await rotateMasterKey(config, { ...rotation, actor: by }, tellsWait);
  }
  const { resumed, followed, to, sealed, oldKeyFile } = done;
  const told = [
    resumed
      ? `The rotation that was interrupted is at its end. Master key: ${to}.`
      : followed
        ? `The store has the new master key ${to} already; ${sealed} keys of this gateway's folder are sealed with it now.`
        : `New master key ${to}; ${sealed} keys and secrets are sealed with it.`,
    keyFile === undefined
      ? `It is in ${newKeyFile}: put it into the key store, so that ${command?.[0] ?? 'the command'} prints it, remove the file, and start the gateway.`
      : `It is in ${keyFile}.`,
    // A rotation that was resumed had already kept the old keys, or was told not to.
    ...(resumed || followed ? [] : [oldKeysText(kept, oldKeyFile ?? 'the one before')]),
    ...(followed || config.store.engine === 'sqlite' ? [] : [othersText(keyFile ?? newKeyFile)]),
    followed
      ? 'Now: start this gateway.'
      : 'Now: sluis key escrow, since the old shares make the old key; start the gateway, and take a backup.',
  ].join('\n');
  return { done: { ...done, ...defined({ oldKeyFolder: kept?.folder }) }, told };
}

async function sure({ terminal, options }: Here, fingerprint: string, withoutCopy: boolean): Promise<Here['options']> {
  if (withoutCopy)
    return await askToDestroy(terminal, options, {
      what: 'make a new master key and keep no copy of the old keys',
      goes: () =>
        Promise.resolve(
          `Everything is sealed again, and the keys that master key ${fingerprint} opens are gone: no earlier backup can be restored.`,
        ),
      name: fingerprint,
    });
  await confirm(terminal, 'Everything is sealed again; take a backup first.', options.yes);
  return options;
}

const othersText = (keyFile: string): string =>
  `Every other gateway of this store: stop it if it was started, carry ${keyFile} there, put it beside its old master key as "FILE.new" (with a command: where --out says), and run sluis key rotate. Until then it does not start.`;
