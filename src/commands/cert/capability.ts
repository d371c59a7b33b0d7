/**
 * `sluis cert capability`: which forms of protection the mail programs behind an address can read.
 */
import { z } from '../../config/zod.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { facts, readableTime } from '../../cli/output.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import { MAIL_CAPABILITIES } from '../../domain/mail-capability.ts';
import { iso } from '../../domain/units.ts';
import { address } from '../core/kinds.ts';
import { choice } from '../core/kind.ts';
import { arg, flag, old, rest } from '../core/params.ts';
import { changes, reads } from '../core/row.ts';
import { subject } from '../core/subject.ts';

const view = z.object({
  address: z.string(),
  account: z.string(),
  source: z.enum(['operator', 'seen']).optional().meta({ description: 'Absent: nothing is known.' }),
  capabilities: z.array(z.enum(MAIL_CAPABILITIES)).readonly().optional(),
  since: z.string().optional(),
});
type View = z.infer<typeof view>;

async function known({ store }: AdminContext, of: Address): Promise<View> {
  const { account } = await recipientOf(store.registry, of);
  const { capabilities: noted } = await store.certificates.findMail(addressKey(of));
  const what = noted && { source: noted.source, capabilities: noted.names, since: iso(noted.at) };
  return { address: of, account: account.login, ...what };
}

const say = ({ address: of, account, source, capabilities, since }: View): string =>
  facts([
    ['Address', of],
    ['Account', account],
    ['Reads', capabilities === undefined ? 'nothing is known' : capabilities.join(' ') || 'nothing beyond the usual'],
    ['Known from', source === 'seen' ? 'a signed message' : source],
    ['Since', readableTime(since)],
  ]);

const one = { address: arg(address, 'the address') };

export const capabilities = subject('capability', 'what the mail programs behind addresses can read', {
  show: reads({
    api: { method: 'GET', path: '/accounts/{accountId}/addresses/{addressId}/capabilities' },
    about: 'show what is known of the program behind an address',
    in: one,
    out: view,
    right: 'read',
    examples: ['huisarts@huisarts.example'],
    run: (context, { address: of }) => known(context, of),
    say,
  }),

  set: changes({
    about: 'register what it can read; that comes before what its messages show',
    in: {
      ...one,
      capabilities: rest(
        choice('capabilities', MAIL_CAPABILITIES),
        `of ${MAIL_CAPABILITIES.join(', ')}; none: nothing beyond what every program reads`,
      ),
      takeBack: old(flag('take back what was registered'), 'forget'),
    },
    check: ({ takeBack, capabilities: given }) =>
      takeBack && given.length > 0 ? 'Cannot take back and register at once: leave the capabilities out' : undefined,
    out: view,
    right: 'security',
    trail: ['certificate.capabilities'],
    undo: 'the same with --take-back',
    examples: ['huisarts@huisarts.example aes-256-gcm rsa-oaep', 'huisarts@huisarts.example --take-back'],
    run: async (context, { address: of, capabilities: given, takeBack }, { actor }) => {
      await recipientOf(context.store.registry, of);
      await context.store.certificates.setCapabilities(of, takeBack ? null : given, actor);
      return await known(context, of);
    },
    say,
  }),
});
