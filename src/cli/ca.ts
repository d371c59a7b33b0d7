/** `sluis ca`: the gateway's own certificate authority. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CaView } from '../admin/ca.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type FilePasswordOptions, filePasswordOptions, readFilePassword } from './key-material.ts';
import { newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, table, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

const keyOption = (): Option =>
  new Option('--key <kind>', 'kind of the new keys').choices(['rsa3072', 'rsa4096', 'p256', 'p384']).default('rsa3072');

export function addCaCommands(terminal: Terminal, program: Command): void {
  const group = program.command('ca').description("the gateway's own certificate authority");

  changing(group.command('init'))
    .description('make a root and an issuing authority; their keys are sealed in the key folder')
    .requiredOption('--name <name>', 'organisation in the names of both, such as "Zorggroep Noord"')
    .addOption(keyOption())
    .action(async (options: ChangeOptions & { readonly name: string; readonly key: string }) => {
      const made = await withAdmin(options, (client) =>
        client.call('ca.init', { organisation: options.name, key: options.key }),
      );
      print(terminal, options, made, () => caText(made));
    });

  reading(group.command('show'))
    .description('show the authorities; --pem prints the roots, for programs that are to trust them')
    .option('--pem', 'print the certificates of the roots and what ties them together')
    .action(async (options: CommonOptions & { readonly pem?: boolean }) => {
      const shown = await withAdmin(options, (client) => client.call('ca.show', {}));
      const roots = shown.authorities.filter((a) => a.role !== 'issuing');
      print(terminal, options, shown, () =>
        options.pem === true
          ? roots
              .map((a) => a.pem)
              .join('')
              .trimEnd()
          : caText(shown),
      );
    });

  addListCommand(terminal, group);
  addExportCommand(terminal, group);
  addRenewCommands(terminal, group);
}

function addListCommand(terminal: Terminal, group: Command): void {
  changing(group.command('crl'))
    .description('make new revocation lists')
    .requiredOption('--out <file>', 'new file: the lists of all issuing authorities, PEM')
    .option('--der', 'only the list of the current issuing authority, DER')
    .action(async (options: ChangeOptions & { readonly out: string; readonly der?: boolean }) => {
      const out = newFile(options.out, 0o644);
      const made = await withFiles([out], async () => {
        const lists = await withAdmin(options, (client) => client.call('ca.crl', {}));
        if (options.der !== true) out.write(lists.pem);
        else {
          const current = lists.lists.find((list) => list.current);
          if (current === undefined) throw new CommandError('configuration', lists.problems.join('. '));
          out.write(Buffer.from(current.der, 'base64'));
        }
        return lists;
      });
      print(terminal, options, made.lists, () =>
        [
          `Revocation lists: ${options.out}`,
          table(
            ['NUMBER', 'REVOKED', 'NEXT UPDATE', 'ISSUER'],
            made.lists.map((l) => [l.number, l.entries, readableDay(l.nextUpdate), l.issuer.slice(0, 16)]),
          ),
          ...made.problems.map((problem) => `Warning: ${problem}.`),
        ].join('\n'),
      );
    });
}

interface ExportOptions extends ChangeOptions, FilePasswordOptions {
  readonly out: string;
  readonly remove?: boolean;
}

function addExportCommand(terminal: Terminal, group: Command): void {
  const command = changing(group.command('export-root'))
    .description('write the key of the root to a file, to be kept off line')
    .requiredOption('--out <file>', 'new file: PKCS #12, mode 0600')
    .option('--remove', 'remove the key from the key folder once the file was read back');
  filePasswordOptions(command).action(async (options: ExportOptions) => {
    const out = newFile(options.out, 0o600);
    const secret = await withFiles([out], () => readFilePassword(terminal, options));
    const password = { 'root-password': secret.password };
    const done = await withAdmin(options, async (client) => {
      const exported = await withFiles([out, secret], async () => {
        const made = await client.call('ca.export-root', password);
        out.write(Buffer.from(made.pkcs12, 'base64'));
        return made;
      });
      // Read back from the disk: from here on this file may be the only copy.
      const root = readFileSync(options.out).toString('base64');
      if (options.remove === true) await client.call('ca.remove-root-key', { root, ...password });
      return { fingerprint: exported.fingerprint, file: options.out, removed: options.remove === true };
    });
    print(terminal, options, done, () =>
      [
        `Key of the root: ${options.out}. Keep it and its password off line, in two places each.`,
        ...(options.passwordOut === undefined ? [] : [`Its password: ${options.passwordOut}`]),
        done.removed
          ? 'The key folder no longer has it. Backups of the key folder may: it is sealed there, but remove it.'
          : 'The key folder still has it; --remove takes it away.',
      ].join('\n'),
    );
  });
}

interface RenewOptions extends ChangeOptions {
  readonly key: string;
  readonly root?: string;
  readonly rootPasswordFile?: string;
}

function addRenewCommands(terminal: Terminal, group: Command): void {
  for (const [name, about] of [
    ['renew-issuer', 'make a new issuing authority under the same root; certificates of the old one stay valid'],
    ['renew-root', 'make a new root and issuing authority; old and new root certify each other'],
  ] as const)
    changing(group.command(name))
      .description(about)
      .addOption(keyOption())
      .option('--root <file>', 'the exported key of the root, where the key folder no longer has it')
      .option('--root-password-file <file>', 'first line of this file is its password; - for standard input')
      .action(async (options: RenewOptions) => {
        const given = await givenRoot(terminal, options);
        const done = await withAdmin(options, (client) => client.call(`ca.${name}`, { key: options.key, ...given }));
        print(terminal, options, done, () => caText(done));
      });
}

async function givenRoot(terminal: Terminal, options: RenewOptions): Promise<Record<string, string>> {
  const { root, rootPasswordFile: passwordFile } = options;
  if (root === undefined) return {};
  const { password } = await readFilePassword(terminal, passwordFile === undefined ? {} : { passwordFile });
  try {
    return { root: readFileSync(root).toString('base64'), 'root-password': password };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${root}": ${code ?? String(error)}; name a file that you may read`);
  }
}

const caText = ({ authorities, advice }: CaView): string =>
  [
    ...authorities
      .filter((a) => a.current)
      .map((a) =>
        facts([
          [a.role === 'root' ? 'Root' : 'Issuing authority', a.subject],
          ['Fingerprint', a.fingerprint],
          ['Key', `${a.key}, ${a.privateKey === 'here' ? 'sealed in the key folder' : 'not in the key folder'}`],
          ['Ends', readableDay(a.ends)],
        ]),
      ),
    ...earlier(authorities.filter((a) => !a.current)),
    ...advice,
  ].join('\n\n');

const earlier = (authorities: CaView['authorities']): string[] =>
  authorities.length === 0
    ? []
    : [
        table(
          ['EARLIER', 'ENDS', 'SUBJECT', 'ISSUER'],
          authorities.map((a) => [a.role, readableDay(a.ends), a.subject, a.issuer]),
        ),
      ];
