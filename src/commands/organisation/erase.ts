/** `sluis organisation erase`: the end of a contract, with a signed statement. */
import { z } from '../../config/zod.ts';
import { newFile, withFiles } from '../../cli/new-file.ts';
import { facts, readableSize } from '../../cli/output.ts';
import { agree, many } from '../../domain/counted.ts';
import { organisation } from '../core/kinds.ts';
import { file } from '../core/files.ts';
import { arg, flag, opt } from '../core/params.ts';
import { changesHere, part, reads } from '../core/row.ts';
import { type ErasePlan, erasureView, planView } from './erase-views.ts';

const writtenView = erasureView.extend({ file: z.string() });

const isWritten = (done: ErasePlan | z.infer<typeof writtenView>): done is z.infer<typeof writtenView> =>
  'file' in done;

const one = { name: arg(organisation, 'the organisation; its accounts must be suspended or ended') };
const discard = { discardMail: flag('also erase messages that nobody has fetched') };

export const erasePlan = reads({
  about: 'what an erasure of an organisation would erase',
  in: one,
  out: planView,
  right: 'read',
  examples: ['lab-noord'],
  run: async (context, { name }) => await (await import('./erase-run.ts')).planOf(context, name),
  say: (plan) => planText(plan),
});

const said = {
  right: 'owner',
  second: 'erase',
  trail: ['registry.organisation-erased', 'audit.erased', 'evidence.deletion'],
  confirm: {
    name: ({ name }: { readonly name: string }) => name,
    what: ({ name }: { readonly name: string }) => `erase organisation "${name}"`,
  },
} as const;

export const erasure = part({
  ...said,
  about: 'erase an organisation, and answer with the signed statement of it',
  in: { ...one, ...discard },
  out: erasureView,
  run: async (context, { name, ...how }, call) =>
    await (await import('./erase-run.ts')).eraseOrganisation(context, name, how, call),
});

export const erase = changesHere({
  ...said,
  about: 'erase an organisation whose contract ended; without --statement it only says what would go',
  in: {
    ...one,
    statement: opt(file, 'erase, and write the signed statement of deletion here'),
    ...discard,
  },
  out: z.union([writtenView, planView]),
  isLook: ({ statement }) => statement === undefined,
  confirm: { ...said.confirm, goes: async (here, { name }) => planText(await here.call(erasePlan, { name })) },
  examples: ['umc', 'umc --statement umc.eml --discard-mail --yes --reason "the contract ended"'],
  run: async (here, { name, statement, discardMail }) => {
    if (statement === undefined) return await here.call(erasePlan, { name });
    const made = newFile(statement, 0o600);
    return await withFiles([made], async () => {
      const receive = (piece: string): void => made.append(Buffer.from(piece, 'latin1'));
      const done = await here.call(erasure, { name, 'discard-mail': discardMail }, { receive });
      made.end();
      return { file: statement, ...done };
    });
  },
  say: (done) =>
    isWritten(done)
      ? `Erased organisation ${done.organisation}: ${many(done.accounts, 'account')}, ${many(done.messages, 'message')}, ${many(done.rows, 'row')}. The signed statement is "${done.file}"; "sluis trace --verify ${done.file}" checks it.`
      : `It would erase this:\n${planText(done)}\n\nTo erase for good: suspend its accounts, then add --statement FILE --reason TEXT (and --discard-mail if mail waits).`,
});

const planText = (found: ErasePlan): string =>
  facts([
    ['Organisation', found.organisation],
    ['Accounts', `${found.accounts}, active: ${found.active.length === 0 ? 'none' : found.active.join(' ')}`],
    ...(found.former === 0
      ? []
      : [
          [
            'Gone before',
            `${many(found.former, 'account')} ${agree(found.former, 'is', 'are')} of other organisations now, with ${agree(found.former, 'its', 'their')} mail`,
          ] as const,
        ]),
    ['Addresses', `${found.addresses}, which stay blocked`],
    ['In mailboxes', `${many(found.messages, 'message')}, ${readableSize(found.octets)}`],
    ['For its partner', `${many(found.waiting, 'message')} ${agree(found.waiting, 'waits', 'wait')}`],
  ]);
