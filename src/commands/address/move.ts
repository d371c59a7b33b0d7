/** `sluis address move`: from now on, mail for these addresses goes elsewhere. */
import { z } from '../../config/zod.ts';
import type { AddressesMoved, Target } from '../../admin/address-move.ts';
import { AdminError } from '../../admin/error.ts';
import { agree, many } from '../../domain/counted.ts';
import { recordsOf } from '../core/csv.ts';
import { address, login } from '../core/kinds.ts';
import { choice, named } from '../core/kind.ts';
import { arg, flag, opt, rest } from '../core/params.ts';
import { changes } from '../core/row.ts';

const partner = named('partner', 'partner');
const line = {
  address: arg(address, 'the address'),
  account: opt(login, 'who gets its mail'),
  partner: opt(partner, 'to whose server it goes'),
};
/** Most lines of one file. */
const MAX_LINES = 200_000;

const oneOf = ({ address: of, account, partner: to }: Target): void => {
  if ((account === undefined) === (to === undefined))
    throw new AdminError('invalid', `Cannot move "${of}": expected either an account or a partner to move it to`);
};

export const move = changes({
  about: 'mail of addresses goes to another account, or to a partner, from now on',
  in: {
    addresses: rest(address, 'the addresses'),
    toAccount: opt(login, 'file it in the mailbox of this account'),
    toPartner: opt(partner, 'push it to the mail server of this partner'),
    queued: opt(
      choice('what', ['keep', 'move']),
      'what waits for the old platform: keep it going there, or move it into the mailbox',
      'keep',
    ),
    dryRun: flag('check every address and change nothing'),
  },
  upload: { about: 'many: CSV with the header "address,account" or "address,partner"' },
  out: z.object({
    moved: z.number(),
    already: z.number().meta({ description: 'They led there before.' }),
    refiled: z.number().meta({
      description: 'Messages that were accepted for an old platform before and waited: they are in the mailbox now.',
    }),
    stillQueued: z.number().meta({ description: 'Messages that wait and go to the old platform still.' }),
    applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  }),
  right: 'registry',
  trail: ['registry.address-moved', 'delivery.refiled'],
  undo: 'address move, to where they led before',
  second: 'address-move',
  isLook: ({ dryRun }) => dryRun,
  progress: { phase: 'Moving', unit: 'addresses' },
  examples: [
    'lab@huisarts.example --to-account assistent --dry-run',
    'lab@huisarts.example --to-account assistent',
    'box@umc.example --to-partner umc',
    '--from moves.csv',
  ],
  run: async (context, { addresses, toAccount: account, toPartner: to, ...how }, call) => {
    const isNamed = addresses.length > 0 || account !== undefined || to !== undefined;
    if (call.upload !== undefined && isNamed)
      throw new AdminError(
        'invalid',
        'Cannot move with --from and addresses or a target: the file names them; leave one out',
      );
    if (call.upload === undefined && addresses.length === 0)
      throw new AdminError('invalid', 'Cannot move: name addresses, or give a file with --from');
    if (call.upload === undefined && (account === undefined) === (to === undefined))
      throw new AdminError('invalid', 'Cannot move: expected either --to-account LOGIN or --to-partner NAME');
    const file = { action: 'use the file', columns: line, most: MAX_LINES, once: 'address' as const, check: oneOf };
    const targets =
      call.upload === undefined
        ? addresses.map((of): Target => ({ address: of, account, partner: to }))
        : await recordsOf(call.upload, { ...file, now: () => context.clock.now() });
    const { moveAll } = await import('../../admin/address-move.ts');
    return await moveAll(context, targets, how, call);
  },
  say: (done, { queued }) => movedText(done, queued),
});

function movedText({ moved, already, refiled, stillQueued, applied }: AddressesMoved, queued: string): string {
  const addresses = many(moved, 'address');
  return [
    applied
      ? `Moved ${addresses}; mail that is accepted from now on goes there.`
      : `${addresses} would move. Nothing was changed.`,
    ...(already === 0 ? [] : [`${already} led there already.`]),
    ...(refiled === 0
      ? []
      : [
          `${many(refiled, 'message')} that waited for the old platform ${agree(refiled, 'is', 'are')} in the mailbox now.`,
        ]),
    ...(stillQueued === 0 ? [] : [queuedText(stillQueued, queued === 'move' && applied, applied)]),
  ].join('\n');
}

const queuedText = (n: number, isUnderWay: boolean, applied: boolean): string =>
  isUnderWay
    ? `${many(n, 'message')} ${agree(n, 'is on its', 'are on their')} way to the old platform at this moment; import its mailbox once more afterwards.`
    : `${many(n, 'message')} that ${agree(n, 'was accepted before waits for the old platform and still goes', 'were accepted before wait for the old platform and still go')} there${applied ? `; --queued move files ${agree(n, 'it', 'them')} here instead` : ''}.`;
