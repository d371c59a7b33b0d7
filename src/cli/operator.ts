/** `sluis operator`: the people who can stand behind a command with a key of their own. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { makeOperatorKey } from '../crypto/operator-key.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type FilePasswordOptions, filePasswordOptions, readFilePassword } from './key-material.ts';
import { newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, type CommonOptions, guarded, reading, withConfig } from './options.ts';
import { print, readableTime, table } from './output.ts';
import { withSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

export function addOperatorCommands(terminal: Terminal, program: Command): void {
  const group = program.command('operator').description('people who sign for what needs a second person');
  guarded(group.command('add'))
    .description('register an operator by a public key')
    .argument('<name>', 'such as jan.devries')
    .requiredOption('--public-key <file>', 'Ed25519 or ECDSA: PEM, a certificate, or an OpenSSH ed25519 key')
    .action(async (name: string, options: ChangeOptions & { readonly publicKey: string }) => {
      const key = publicKeyIn(options.publicKey);
      const done = await withAdmin(options, (client) => client.call('operator.add', { name, 'public key': key }));
      print(terminal, options, done, () => `Registered operator ${done.name}, key ${done.fingerprint}.`);
    });
  reading(group.command('list'))
    .description('list operators and the fingerprints of their keys')
    .action(async (options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('operator.list', {}));
      print(terminal, options, all, () =>
        all.length === 0
          ? 'No operator is registered.'
          : table(
              ['NAME', 'SINCE', 'KEY'],
              all.map((o) => [o.name, readableTime(o.addedAt), o.fingerprint]),
            ),
      );
    });
  guarded(group.command('remove'))
    .description('remove an operator for good: the key is never taken again')
    .argument('<name>', 'whose')
    .action(async (name: string, options: ChangeOptions) => {
      const done = await withAdmin(options, (client) => client.call('operator.remove', { name }));
      print(terminal, options, done, () => `Removed operator ${done.name}.`);
    });
  filePasswordOptions(withConfig(group.command('key')))
    .description('make a key pair of your own: needs no gateway, so make it on your own machine')
    .argument('<name>', 'yours')
    .requiredOption('--out <file>', 'new file for the private key, mode 0600, under a passphrase; FILE.pub: the public')
    .action((name: string, options: FilePasswordOptions & { readonly out: string }) =>
      makeKey(terminal, name, options),
    );
}

function publicKeyIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 64 * 1024);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${path}": ${code ?? String(error)}; name the public key's file`);
  }
}

async function makeKey(
  terminal: Terminal,
  name: string,
  options: FilePasswordOptions & { readonly out: string },
): Promise<void> {
  const files = [newFile(options.out, 0o600)];
  await withFiles(files, async () => {
    const publicFile = newFile(`${options.out}.pub`, 0o644);
    files.push(publicFile);
    const secret = await readFilePassword(terminal, options);
    await withSecret(secret, () => {
      const { sealed, publicKey } = makeOperatorKey(secret.password);
      files[0]?.write(sealed);
      publicFile.write(publicKey);
      return Promise.resolve();
    });
  });
  terminal.out(
    `Private key: ${options.out}, under its passphrase; keep it for yourself. Public key: ${options.out}.pub\nRegister it: sluis operator add ${name} --public-key ${options.out}.pub\n`,
  );
}
