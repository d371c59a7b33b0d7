/** `sluis key`: the master key, split among custodians, shown to be recoverable, recovered, made anew. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { connectControl } from '../admin/client.ts';
import type { KeyState } from '../admin/keys.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import { newMasterKey, readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { grouped } from '../crypto/base32.ts';
import { keyFingerprint } from '../crypto/key-fingerprint.ts';
import { type KeyShare, keyOfShares, readShare, writeShare } from '../crypto/key-share.ts';
import { split } from '../crypto/shamir.ts';
import { defined } from '../domain/defined.ts';
import { finishRotation, rotateMasterKey } from '../gateway/stopped-store.ts';
import { systemClock } from '../platform/clock.ts';
import { askToDestroy } from './ask.ts';
import { confirm } from './confirm.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type NewFile, newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, type CommonOptions, callerOf, changing, collect, guarded, reading } from './options.ts';
import { type OldKeys, keepOldKeys, oldKeysText } from './old-keys.ts';
import { facts, print, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

interface EscrowOptions extends ChangeOptions {
  readonly out: string;
  readonly custodian?: readonly string[];
  readonly needed: string;
}
interface RotateCommandOptions extends ChangeOptions {
  readonly out?: string;
  readonly yes?: boolean;
  readonly withoutCopy?: boolean;
}

export function addKeyGroup(terminal: Terminal, program: Command): void {
  const group = program.command('key').description('the master key: escrow, recovery, rotation');
  reading(group.command('status'))
    .description('which master key the store has, and what is known of its escrow')
    .action(async (options: CommonOptions) => {
      const state = await withAdmin(options, (client) => client.call('key.state', {}));
      print(terminal, options, state, () => stateText(state));
    });
  guarded(group.command('escrow'))
    .description('split the master key into shares for paper, one for each custodian')
    .requiredOption('--out <folder>', 'new folder for the shares, mode 0700')
    .option('--custodian <name>', 'who keeps a share; once for each', collect)
    .option('--needed <number>', 'how many shares make the key again', '2')
    .action((options: EscrowOptions) => escrow(terminal, options));
  changing(group.command('verify'))
    .description("show that shares make this store's master key; it is not written anywhere")
    .argument('<share...>', 'files with shares')
    .action((files: readonly string[], options: ChangeOptions) => verify(terminal, files, options));
  group
    .command('recover')
    .description('make the master key file again from shares; needs no gateway')
    .argument('<share...>', 'files with shares')
    .requiredOption('--out <file>', 'new file for the key, mode 0600')
    .action((files: readonly string[], options: { readonly out: string }) => recover(terminal, files, options));
  guarded(group.command('rotate'))
    .description('make a new master key and seal everything with it; the gateway is stopped meanwhile')
    .option('--out <file>', 'where the new key is written, where a command prints the master key')
    .option('--without-copy', 'keep no copy of the key folder of before, which backups of before need')
    .option('--yes', 'do not ask')
    .action((options: RotateCommandOptions) => rotate(terminal, options));
}

const stateText = ({ fingerprint, escrow: known, reminder }: KeyState): string =>
  [
    facts([
      ['Master key', fingerprint],
      [
        'Escrow',
        known === undefined
          ? 'none of this key'
          : `set ${grouped(known.set)}, any ${known.needed} of ${known.custodians.length}`,
      ],
      ['Custodians', known?.custodians.join(', ')],
      ['Made', readableDay(known?.madeAt)],
      ['Verified', known === undefined ? undefined : (readableDay(known.verifiedAt) ?? 'never')],
    ]),
    ...(reminder === undefined ? [] : [`To do: ${reminder}.`]),
  ].join('\n');

async function escrow(terminal: Terminal, options: EscrowOptions): Promise<void> {
  const { out, custodian: custodians = [], needed } = options;
  const master = await readMasterKey(loadConfig(options.config));
  const fingerprint = keyFingerprint(master);
  let made: Awaited<ReturnType<typeof written>>;
  try {
    made = await written(
      out,
      custodians,
      () =>
        withAdmin(options, (client) => client.call('key.escrow', { fingerprint, custodians, needed: Number(needed) })),
      ({ set, hostname, day }) => {
        const shares = split(master, { needed: Number(needed), total: custodians.length }, randomBytes);
        return shares.map(({ x: number, octets }, i) => {
          const share = { number, octets, set, fingerprint, needed: Number(needed) };
          return writeShare(share, { hostname, day, custodian: custodians[i] ?? '', total: custodians.length });
        });
      },
    );
  } finally {
    master.fill(0);
  }
  print(terminal, options, made, () =>
    [
      `The master key is split: set ${grouped(made.set)}, any ${needed} of these ${custodians.length} shares make it again.`,
      ...made.files.map((file, i) => `  ${custodians[i] ?? ''}: ${file}`),
      ...(Number(needed) === custodians.length
        ? [
            'Every share is needed: one that is lost takes the key with it. Three custodians of whom two are enough are safer.',
          ]
        : []),
      'Print each, give it to its custodian for a safe, and verify from the paper before the files go: sluis key verify SHARE SHARE',
    ].join('\n'),
  );
}

interface Escrowed {
  readonly set: string;
  readonly hostname: string;
  readonly day: string;
}

/** The files are there before the gateway notes the escrow, and whole when this returns; a failure leaves none. */
async function written(
  out: string,
  custodians: readonly string[],
  note: () => Promise<Escrowed>,
  pages: (escrowed: Escrowed) => readonly string[],
): Promise<{ readonly set: string; readonly files: readonly string[] }> {
  const made = mkdirSync(out, { recursive: true, mode: 0o700 });
  const files: NewFile[] = [];
  const undo = (): void => {
    files.forEach((file) => file.undo());
    // Made for shares, of which there are none: an empty folder would read as an escrow that got lost.
    if (made !== undefined) rmdirSync(out);
  };
  return await withFiles([{ undo }], async () => {
    for (const [i, name] of custodians.entries())
      files.push(newFile(join(out, `share-${i + 1}-${name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 40)}.txt`), 0o600));
    const escrowed = await note();
    pages(escrowed).forEach((page, i) => files[i]?.write(page));
    return { set: escrowed.set, files: files.map(({ path }) => path) };
  });
}

function sharesIn(paths: readonly string[]): readonly KeyShare[] {
  return paths.map((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8').slice(0, 128 * 1024);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CommandError('usage', `Cannot read the share "${path}": ${code ?? String(error)}; name its file`);
    }
    const read = readShare(text);
    if (!read.ok) throw new CommandError('usage', `Cannot use "${path}" as a share: ${read.error}`);
    return read.value;
  });
}

/** To be wiped after use. */
function keyIn(paths: readonly string[]): { readonly key: Uint8Array; readonly share: KeyShare } {
  const shares = sharesIn(paths);
  const key = keyOfShares(shares);
  const [share] = shares;
  if (!key.ok || share === undefined)
    throw new CommandError('usage', `Cannot make the master key of these shares: ${key.ok ? '' : key.error}`);
  return { key: key.value, share };
}

async function verify(terminal: Terminal, files: readonly string[], options: ChangeOptions): Promise<void> {
  const { key, share } = keyIn(files);
  key.fill(0);
  const { set, fingerprint } = share;
  const state = await withAdmin(options, (client) => client.call('key.verified', { set, fingerprint }));
  print(terminal, options, state, () =>
    [
      `These shares of set ${grouped(set)} make the master key of this store (${fingerprint}). Nothing was written.`,
      ...(state.escrow?.set === set
        ? []
        : [
            state.escrow === undefined
              ? 'No escrow of this key is known here: who else has shares of this set is not.'
              : `They are not of the set of the present escrow, ${grouped(state.escrow.set)}: whether its shares make the key was not shown.`,
          ]),
    ].join('\n'),
  );
}

async function recover(terminal: Terminal, files: readonly string[], { out }: { readonly out: string }): Promise<void> {
  const { key, share } = keyIn(files);
  const file = newFile(out, 0o600);
  await withFiles([file], () => {
    file.write(newMasterKey(() => key));
    return Promise.resolve();
  });
  key.fill(0);
  terminal.out(
    `The master key ${share.fingerprint} is in ${out}. Put it where the configuration reads it ([keys]), owned by the gateway's user, mode 0600.\n`,
  );
}

/** Before anybody signs for it in vain. */
async function refuseRunning(config: Config, options: ChangeOptions): Promise<void> {
  const running = await connectControl(controlSocketOf(config), callerOf(options));
  if (running === undefined) return;
  await running.close();
  throw new CommandError(
    'unavailable',
    'Cannot make a new master key while the gateway runs: it works with the old one; stop it, run this again, and start it',
  );
}

async function rotate(terminal: Terminal, given: RotateCommandOptions): Promise<void> {
  let options = given;
  const config = loadConfig(options.config);
  const { 'master-key-file': keyFile, 'master-key-command': command } = config.keys;
  if ((keyFile === undefined) !== (options.out !== undefined))
    throw new CommandError(
      'usage',
      keyFile === undefined
        ? `Cannot make a new master key: ${command?.[0] ?? 'a command'} prints the present one, so say with --out FILE where the new one goes; put it into the key store afterwards`
        : `Cannot use --out: the new key takes the place of "${keyFile}"; leave it out`,
    );
  await refuseRunning(config, options);
  const newKeyFile = options.out ?? `${keyFile ?? ''}.new`;
  const masterKey = await readMasterKey(config);
  const rotation = {
    dataFolder: config.data.folder,
    keyFolder: config.keys.folder,
    masterKey,
    newKeyFile,
    ...defined({ keyFile }),
    actor: callerOf(options),
    clock: systemClock,
  };
  // One past its commit was allowed before, and the store cannot be opened until it has ended.
  let done = await finishRotation(rotation);
  let kept: OldKeys | undefined;
  if (done === undefined) {
    const fingerprint = keyFingerprint(masterKey);
    if (options.withoutCopy === true)
      options = await askToDestroy(terminal, options, {
        what: 'make a new master key and keep no copy of the keys of before',
        goes: () =>
          Promise.resolve(
            `Everything is sealed anew, and the keys that master key ${fingerprint} opens are gone: no backup of before can be restored.`,
          ),
        name: fingerprint,
      });
    else await confirm(terminal, 'Everything is sealed anew; take a backup first.', options.yes);
    // Before anybody signs in vain.
    if (options.withoutCopy !== true) kept = await keepOldKeys(config, fingerprint);
    const { actor } = await withAdmin(options, (client) => client.call('key.rotate', { fingerprint }));
    // What came while they signed.
    if (kept !== undefined) kept = await keepOldKeys(config, fingerprint);
    done = await rotateMasterKey({ ...rotation, actor });
  }
  const { resumed, to, sealed, oldKeyFile } = done;
  const oldKey = oldKeyFile ?? 'the one before';
  print(terminal, options, { ...done, ...defined({ oldKeyFolder: kept?.folder }) }, () =>
    [
      resumed
        ? `The rotation that was interrupted is at its end. Master key: ${to}.`
        : `New master key ${to}; ${sealed} keys and secrets are sealed with it.`,
      keyFile === undefined
        ? `It is in ${newKeyFile}: put it into the key store, so that ${command?.[0] ?? 'the command'} prints it, remove the file, and start the gateway.`
        : `It is in ${keyFile}.`,
      // The run that was interrupted had kept them, or been told not to.
      ...(resumed ? [] : [oldKeysText(kept, oldKey)]),
      'Now: sluis key escrow, since the old shares make the old key; start the gateway, and take a backup.',
    ].join('\n'),
  );
}
