/** What was done to accounts that end, or would be done: for `--json`, and as text for people. */
import { z } from '../config/zod.ts';
import { backText } from '../cli/ending-text.ts';
import { readableTime } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';

/** Most accounts that are listed one by one. */
export const TOLD = 1000;
/** Most organisations that the text lists. */
const SHOWN = 20;
export const endView = z.object({
  login: z.string(),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  closes: z.string().optional().meta({
    description: 'Until then its owner collects, and `account resume` takes the end back; absent: it is closed.',
  }),
  successor: z.string().optional(),
  addresses: z.array(z.string()).meta({ description: 'Those that no longer accept mail.' }),
  waiting: z.number().meta({ description: 'Messages that its mailbox holds.' }),
  certificates: z
    .array(z.object({ use: z.string(), serial: z.string(), subject: z.string() }))
    .meta({ description: 'Of our own authorities: revoked when it is closed.' }),
  delegations: z
    .array(z.object({ login: z.string(), address: z.string() }))
    .readonly()
    .meta({
      description: "Rights to send that are taken back when it is closed: as its addresses, and its own as others'.",
    }),
  contactOf: z.array(z.string()).readonly().meta({
    description: 'Organisations that are reached at one of its addresses: they need another contact.',
  }),
  problem: z.string().optional().meta({ description: 'Why the revocation list could not be written.' }),
});
export type AccountEnd = z.infer<typeof endView>;

export const exportedView = endView.extend({
  exported: z
    .object({ file: z.string(), login: z.string(), messages: z.number(), octets: z.number() })
    .optional()
    .meta({ description: 'The file for the owner, with --export.' }),
});

export const endingsView = z.object({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  accounts: z.number(),
  already: z.number().meta({ description: 'Those that had ended, or ended so already.' }),
  addresses: z.number(),
  closed: z.number().meta({ description: 'Accounts that are closed at once.' }),
  uncollected: z.number().meta({ description: 'Messages in those, which nobody can collect.' }),
  withoutSuccessor: z.number(),
  certificates: z.number().meta({ description: 'Of our own authorities, revoked when the accounts are closed.' }),
  delegations: z.number().meta({ description: 'Rights to send, taken back when the accounts are closed.' }),
  contactOf: z.array(z.string()).meta({
    description: 'Organisations that are reached at one of their addresses: they need another contact.',
  }),
  problem: z.string().optional().meta({ description: 'Why the revocation list could not be written.' }),
  ended: z
    .array(
      z.object({
        login: z.string(),
        closes: z.string().optional().meta({ description: 'Until then its owner collects; absent: it is closed.' }),
        successor: z.string().optional(),
        waiting: z.number(),
      }),
    )
    .meta({ description: `Each that ends, if there are no more than ${TOLD}.` }),
});
export type EndingsView = z.infer<typeof endingsView>;

export function endText(ended: AccountEnd): string {
  const { login: name, applied, closes, successor, addresses, certificates, delegations, problem } = ended;
  const senders = successor === undefined ? 'are refused (550 5.1.1)' : `are told to write to ${successor} (551 5.1.6)`;
  const messages = many(ended.waiting, 'message');
  const when = closes === undefined ? '' : 'then ';
  return [
    `Account ${name} ${applied ? (closes === undefined ? 'has ended' : 'is ending') : 'would end'}:`,
    `- senders to ${addresses.length === 0 ? 'it (it has no address that is open)' : addresses.join(', ')} ${senders}`,
    '- it no longer sends anything',
    closes === undefined
      ? `- it can no longer log in, and open sessions are closed; ${messages} in its mailbox cannot be collected`
      : `- until ${readableTime(closes)} it collects what waits (${messages}), then it is closed`,
    ...ended.contactOf.map((organisation) => `- it is the ${contactText(organisation)}`),
    ...certificates.map(({ use, serial }) => `- ${when}its certificate for ${use} is revoked: ${serial}`),
    ...delegations.map((reference) => `- ${when}${reference.login} may no longer send as ${reference.address}`),
    backText(closes, `account resume ${name}`),
    ...(problem === undefined ? [] : [problem]),
  ].join('\n');
}

const contactText = (organisation: string): string =>
  `contact of organisation ${organisation}: name another one ("sluis organisation set ${organisation} --contact ADDRESS"), or notices and codes for passwords do not reach it`;

export function endingsText(done: EndingsView): string {
  const { applied, accounts, already, addresses, closed, uncollected, withoutSuccessor, contactOf: its } = done;
  const ending = accounts - already;
  const later = ending - closed;
  const more = its.length - SHOWN;
  // Each line has a number; a line whose number is 0 is left out.
  const lines: readonly (readonly [number, string])[] = [
    [already, `- ${already} had ended, or end so already`],
    [1, `- ${many(addresses, 'address')} no longer ${agree(addresses, 'accepts', 'accept')} mail`],
    [
      withoutSuccessor,
      `- ${many(withoutSuccessor, 'account')} ${agree(withoutSuccessor, 'has no successor: its', 'have no successor: their')} senders are refused (550 5.1.1)`,
    ],
    [
      later,
      `- ${many(later, 'account')} ${agree(later, 'collects what waits until its time is over, and no longer sends', 'collect what waits until their time is over, and no longer send')} anything; "sluis account resume" takes that back until then`,
    ],
    [
      closed,
      `- ${many(closed, 'account')} ${agree(closed, 'is', 'are')} closed at once: ${many(uncollected, 'message')} in ${agree(closed, 'it', 'them')} cannot be collected`,
    ],
    ...its.slice(0, SHOWN).map((name) => [1, `- one of them is the ${contactText(name)}`] as const),
    [Math.max(0, more), `- and so are ${more} more; --json has them all`],
    [
      done.certificates,
      `- when closed, ${many(done.certificates, 'certificate')} that we issued ${agree(done.certificates, 'is', 'are')} revoked`,
    ],
    [
      done.delegations,
      `- when closed, ${many(done.delegations, 'right')} to send as somebody else ${agree(done.delegations, 'is', 'are')} taken back`,
    ],
  ];
  return [
    `${ending} of ${many(accounts, 'account')} ${applied ? agree(ending, 'ends', 'end') : 'would end'}:`,
    ...lines.filter(([n]) => n > 0).map(([, line]) => line),
    ...(done.problem === undefined ? [] : [done.problem]),
  ].join('\n');
}
