/**
 * `sluis approve`: an operator signs what another one asks for. The command runs where the
 * operator's private key is. The gateway shows the requests that wait, and takes the signature.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import { approversOf } from '../admin/approvers.ts';
import { noteRefused, requestOf } from '../admin/second-person.ts';
import { facts, readableTime, table } from '../cli/output.ts';
import { inputHash, noOperatorHas, signatureProblem } from '../crypto/trail/approval.ts';
import { cleanBase32, grouped } from '../crypto/keys/base32.ts';
import { defined } from '../domain/defined.ts';
import type { Operator } from '../domain/second-person.ts';
import { instant, iso } from '../domain/units.ts';
import type { ApprovalRecord } from '../store/operators.ts';
import { type RequestView, type SignedView, requestView, signedView } from './approval-views.ts';
import { kind, named, text } from './core/kind.ts';
import { file } from './core/files.ts';
import { arg, flag, maybe, need, opt, pageOf } from './core/params.ts';
import { changes, changesHere, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { operatorName } from './operator/who.ts';

async function viewRequest(
  context: AdminContext,
  request: ApprovalRecord,
  signers: readonly Operator[],
): Promise<RequestView> {
  const { id, operation, verb, input, askedBy, askedWith, reason, askedAt, endsAt } = request;
  const { all } = await approversOf(context, request, signers);
  return {
    id,
    operation,
    verb,
    input,
    askedBy,
    reason,
    ...defined({ askedWith }),
    gateway: context.partners.hostname,
    hash: inputHash(input),
    askedAt: iso(askedAt),
    endsAt: iso(endsAt),
    signedBy: all.filter(({ asked }) => asked !== true).map(({ name }) => name),
    missing: Math.max(0, 2 - all.length),
  };
}

interface Signing {
  readonly id: string;
  readonly fingerprint: string;
  readonly at: number;
  readonly signature: string;
}

async function sign(context: AdminContext, { id, ...given }: Signing, call: Call): Promise<SignedView> {
  const { store, partners } = context;
  const request = await requestOf(context, id);
  const operators = await store.operators.signers();
  const operator = operators.find(({ fingerprint }) => fingerprint === given.fingerprint);
  const signature = { ...given, at: instant(given.at), signature: Buffer.from(given.signature, 'base64') };
  const problem =
    operator === undefined
      ? noOperatorHas(given.fingerprint)
      : signatureProblem(partners.hostname, request, signature, operator);
  if (operator === undefined || problem !== undefined) {
    noteRefused(context, request, call, problem ?? '');
    throw new AdminError('invalid', `Cannot take a signature under request ${grouped(request.id)}: ${problem ?? ''}`);
  }
  await store.operators.sign(request.id, signature, call.actor);
  const { missing } = await viewRequest(context, await requestOf(context, id), operators);
  return { id: request.id, operator: operator.name, missing };
}

const requestId = named('operator', 'request');
const fingerprint = named('key', 'fingerprint');
const moment = kind<number, number>(
  'milliseconds',
  { en: 'milliseconds since 1970', nl: 'milliseconden sinds 1970' },
  z.number(),
  (n) => (Number.isSafeInteger(n) ? n : undefined),
  (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
);

const parts = {
  list: lists({
    api: { method: 'GET', path: '/approvals', id: 'listApprovals' },
    about: 'show the requests that wait',
    in: {},
    out: requestView,
    right: 'read',
    examples: [''],
    run: async (context, { after, limit }) => {
      const operators = await context.store.operators.signers();
      const waiting = await context.store.operators.waiting();
      const all = await Promise.all(waiting.map((request) => viewRequest(context, request, operators)));
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['REQUEST', 'UNTIL', 'OPERATION', 'ASKED BY', 'SIGNED BY', 'REASON'],
    cells: (r) => [
      ...[grouped(cleanBase32(r.id)), readableTime(r.endsAt), r.operation, r.askedBy],
      ...[r.signedBy.join(', '), r.reason],
    ],
    after: (r) => r.id,
  }),
  show: reads({
    api: { method: 'GET', path: '/approvals/{approvalId}' },
    about: 'show what is to be signed',
    in: { id: arg(requestId, 'the request'), fingerprint: need(fingerprint, 'of the key that would sign') },
    out: requestView,
    right: 'read',
    examples: ['K7QM-2XRD --fingerprint 0123'],
    run: async (context, { id, fingerprint: key }) => {
      const operators = await context.store.operators.signers();
      const operator = operators.find((one) => one.fingerprint === key)?.name;
      const view = await viewRequest(context, await requestOf(context, id), operators);
      return operator === undefined ? view : { ...view, operator };
    },
    say: asked,
  }),
  // Whoever may see a request may hand in a signature. Only the key that signed counts, not who
  // brings the signature.
  sign: changes({
    api: { method: 'POST', path: '/approvals/{approvalId}/signatures' },
    about: 'take the signature of an operator under a request',
    in: {
      id: arg(requestId, 'the request'),
      fingerprint: need(fingerprint, 'of the key that signed'),
      at: need(moment, 'when it was signed'),
      signature: need(text('base64', 1024), 'the signature'),
    },
    out: signedView,
    right: 'read',
    trail: ['approval.signed'],
    examples: ['K7QM-2XRD --fingerprint 0123 --at 1795000000000 --signature AAAA'],
    run: sign,
    say: ({ operator }) => `Signed as ${operator}.`,
  }),
};
export const approvals = subject('approval', 'what waits for a second person', {}, { parts });

/** The id in `--json` too is as people see and type it. */
const asTyped = <T extends { readonly id: string }>(view: T): T => ({ ...view, id: grouped(view.id) });

/** Everything that the signature covers, in words. */
function asked(request: RequestView): string {
  return facts([
    ['Request', grouped(request.id)],
    ['Gateway', request.gateway],
    ['Operation', request.operation],
    ...Object.entries(JSON.parse(request.input) as Record<string, unknown>).map(
      ([name, value]) => [`  ${name}`, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
    ['Reason', request.reason],
    [
      'Asked by',
      `${request.askedBy} (${request.askedWith === undefined ? 'as the caller said' : `with passkey ${grouped(request.askedWith)}`})`,
    ],
    ['Asked at', readableTime(request.askedAt)],
    ['Ends at', readableTime(request.endsAt)],
    ['Signed by', request.signedBy.join(', ') || 'nobody yet'],
    ['Input', `SHA-256 ${request.hash}`],
  ]);
}

const waitingText = (waiting: readonly RequestView[]): string =>
  waiting.length === 0
    ? 'No request waits.'
    : table(
        parts.list.header,
        waiting.map((one) => parts.list.cells(one)),
      );

function doneText({ id, operator, missing }: SignedView, from: string): string {
  const isFile = operator === '';
  if (missing > 0)
    return `Signed${isFile ? '' : ` as ${operator}`}. Another operator must sign as well: sluis approve ${from}${isFile ? ' --operator NAME' : ''} --key FILE`;
  return isFile
    ? 'Signed, and another has. Whoever asked runs the command again.'
    : `Signed as ${operator}: request ${id} is approved. Whoever asked runs the command again with --approval ${id}.`;
}

export const approve = changesHere({
  about: 'sign a request that needs a second person, with a key of your own; two operators must',
  in: {
    request: maybe(text('request', 4096), 'its id, such as K7QM-2XRD, or the file that a restore wrote'),
    list: flag('show the requests that wait'),
    key: opt(file, 'your private key'),
    operator: opt(operatorName, 'your name, for a request in a file'),
    passphraseFile: opt(file, 'first line of this file opens the key; - for standard input; else a prompt'),
    yes: flag('do not ask for confirmation'),
  },
  out: z.union([z.array(requestView), signedView]),
  right: 'read',
  trail: ['approval.signed'],
  examples: ['--list', 'K7QM-2XRD --key jan.pem'],
  run: async (here, { request: id, list, key: path, operator, passphraseFile, yes }) => {
    const { terminal, options } = here;
    if (id === undefined || list) return (await here.call(parts.list, { limit: 500 })).map(asTyped);
    const { readOwnKey, requestFor, signRequest } = await import('../cli/operator-key.ts');
    const { confirm } = await import('../cli/confirm.ts');
    const { isRequestFile, readRequestFile, signFile } = await import('../cli/approval-file.ts');
    const { CommandError } = await import('../cli/exit.ts');
    if (path === undefined)
      throw new CommandError('usage', 'Cannot sign without your private key: add --key FILE ("sluis operator key")');
    const own = await readOwnKey(terminal, path, passphraseFile);
    if (isRequestFile(id)) {
      const { gateway, request, signatures } = readRequestFile(id);
      const { askedAt, endsAt, askedWith: _, ...shown } = request;
      const missing = Math.max(0, 2 - signatures.length);
      const signedBy = signatures.map((one) => `key ${one.fingerprint.slice(0, 16)}`);
      const moments = { askedAt: iso(askedAt), endsAt: iso(endsAt) };
      terminal.out(`${asked({ ...shown, ...moments, gateway, hash: inputHash(request.input), signedBy, missing })}\n`);
      await confirm(terminal, `Sign this as ${operator ?? ''}?`, yes);
      const signed = signFile(id, operator ?? '', own);
      return { id, operator: '', missing: Math.max(0, 2 - signed) };
    }
    const call = here.callNamed.bind(here);
    const request = await requestFor(call, id, own);
    if (options.json !== true) terminal.out(`${asked(request)}\n`);
    await confirm(terminal, `Sign this as ${request.operator ?? ''}?`, yes);
    return asTyped(await signRequest(call, request, own));
  },
  say: (done, { request = '' }) =>
    Array.isArray(done) ? waitingText(done) : doneText(done, done.operator === '' ? request : done.id),
});
