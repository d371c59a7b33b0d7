/** `sluis approve`: an operator signs what another one asks for. */
import type { Command } from 'commander';
import type { RequestView } from '../admin/operators.ts';
import { inputHash } from '../crypto/approval.ts';
import { grouped } from '../crypto/base32.ts';
import { isRequestFile, readRequestFile, signFile } from './approval-file.ts';
import { confirm } from './confirm.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type OwnKey, readOwnKey, requestFor, signRequest } from './operator-key.ts';
import { type ChangeOptions, changing } from './options.ts';
import { facts, print, readableTime, table } from './output.ts';
import type { Terminal } from './terminal.ts';

interface ApproveOptions extends ChangeOptions {
  readonly list?: boolean;
  readonly key?: string;
  readonly operator?: string;
  readonly passphraseFile?: string;
  readonly yes?: boolean;
}

export function addApproveCommand(terminal: Terminal, program: Command): void {
  changing(program.command('approve'))
    .description('sign a request that needs a second person, with a key of your own; two operators must')
    .argument('[request]', 'its id, such as K7QM-2XRD, or the file that a restore wrote')
    .option('--list', 'show the requests that wait')
    .option('--key <file>', 'your private key')
    .option('--operator <name>', 'your name, for a request in a file')
    .option('--passphrase-file <file>', 'first line of this file opens the key; - for standard input; else a prompt')
    .option('--yes', 'do not ask: what it does was read before')
    .action((id: string | undefined, options: ApproveOptions) =>
      id === undefined || options.list === true ? list(terminal, options) : approve(terminal, id, options),
    );
}

async function list(terminal: Terminal, options: ApproveOptions): Promise<void> {
  const waiting = await withAdmin(options, (client) => client.call('approval.list', {}));
  print(terminal, options, waiting.map(asTyped), () =>
    waiting.length === 0
      ? 'No request waits.'
      : table(
          ['REQUEST', 'UNTIL', 'OPERATION', 'ASKED BY', 'SIGNED BY', 'REASON'],
          waiting.map((r) => [
            ...[grouped(r.id), readableTime(r.endsAt), r.operation, r.askedBy],
            ...[r.signedBy.join(', '), r.reason],
          ]),
        ),
  );
}

async function approve(terminal: Terminal, id: string, options: ApproveOptions): Promise<void> {
  const { key: path, passphraseFile, yes } = options;
  if (path === undefined)
    throw new CommandError('usage', 'Cannot sign without your private key: add --key FILE ("sluis operator key")');
  const own = await readOwnKey(terminal, path, passphraseFile);
  if (isRequestFile(id)) return await approveFile(terminal, id, own, options);
  const done = await withAdmin(options, async (client) => {
    const request = await requestFor(client, id, own);
    if (options.json !== true) terminal.out(`${shown(request)}\n`);
    await confirm(terminal, `Sign this as ${request.operator ?? ''}?`, yes);
    return await signRequest(client, request, own);
  });
  print(terminal, options, asTyped(done), () =>
    done.missing === 0
      ? `Signed as ${done.operator}: request ${grouped(done.id)} is approved. Whoever asked runs the command again with --approval ${grouped(done.id)}.`
      : `Signed as ${done.operator}. Another operator must sign as well: sluis approve ${grouped(done.id)} --key FILE`,
  );
}

async function approveFile(terminal: Terminal, path: string, own: OwnKey, options: ApproveOptions): Promise<void> {
  const { gateway, request, signatures } = readRequestFile(path);
  const view = {
    ...request,
    gateway,
    hash: inputHash(request.input),
    askedAt: new Date(request.askedAt).toISOString(),
    endsAt: new Date(request.endsAt).toISOString(),
    signedBy: signatures.map(({ fingerprint }) => `key ${fingerprint.slice(0, 16)}`),
  };
  terminal.out(`${shown(view)}\n`);
  await confirm(terminal, `Sign this as ${options.operator ?? ''}?`, options.yes);
  const signed = signFile(path, options.operator ?? '', own);
  terminal.out(
    signed < 2
      ? `Signed. Another operator must sign as well: sluis approve ${path} --operator NAME --key FILE\n`
      : 'Signed, and another has. Whoever asked runs the command again.\n',
  );
}

/** The id as people see and type it, in `--json` too. */
const asTyped = <T extends { readonly id: string }>(view: T): T => ({ ...view, id: grouped(view.id) });

/** Everything that the signature covers, in words. */
const shown = (request: RequestView): string =>
  facts([
    ['Request', grouped(request.id)],
    ['Gateway', request.gateway],
    ['Operation', request.operation],
    ...Object.entries(JSON.parse(request.input) as Record<string, unknown>).map(
      ([name, value]) => [`  ${name}`, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
    ['Reason', request.reason],
    ['Asked by', `${request.askedBy} (as the caller said)`],
    ['Asked at', readableTime(request.askedAt)],
    ['Ends at', readableTime(request.endsAt)],
    ['Signed by', request.signedBy.join(', ') || 'nobody yet'],
    ['Input', `SHA-256 ${request.hash}`],
  ]);
