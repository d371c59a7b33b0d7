/** What a move of accounts did, or would do: for `--json`, and as text for people. */
import { z } from '../config/zod.ts';
import { readableSize, readableTime } from '../cli/output.ts';
import { many } from '../domain/counted.ts';

const share = z.object({ messages: z.number(), octets: z.number() });
const moveView = z.object({
  login: z.string(),
  organisation: z.string(),
  already: z.literal(true).optional().meta({ description: 'It belongs there; nothing was done.' }),
  from: z.string().optional(),
  since: z.string().optional().meta({ description: 'What was received since goes along.' }),
  former: z.string().optional().meta({ description: 'Where the old organisation finds what was before.' }),
  closes: z.string().optional().meta({ description: 'Until when it does.' }),
  addresses: z.array(z.string()).readonly().optional(),
  passwords: z.number().optional(),
  certificates: z.number().optional(),
  pgpKeys: z.number().optional(),
  revoked: z
    .array(
      z.object({
        use: z.string(),
        name: z.string().meta({ description: 'Serial number, or the name under which it was registered for login.' }),
        subject: z.string(),
        fingerprint: z.string(),
        own: z.boolean().meta({
          description:
            "By the gateway's own authority, whose revocation list names it; others have to be told to their issuer.",
        }),
      }),
    )
    .optional(),
  delegations: z
    .array(z.object({ address: z.string(), login: z.string() }))
    .readonly()
    .optional(),
  substitutes: z
    .array(z.object({ address: z.string(), substitute: z.string() }))
    .readonly()
    .optional(),
  codes: z.number().optional(),
  identities: z.array(z.string()).readonly().optional(),
  exemptions: z.number().optional().meta({ description: 'Exemptions from scanning that end.' }),
  moved: share.extend({ held: z.number() }).optional(),
  left: share.optional(),
  sessions: z.number().optional().meta({ description: 'Open sessions that ended.' }),
});
export type MoveView = z.infer<typeof moveView>;
export const movesView = z.object({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  accounts: z.array(moveView),
  problem: z.string().optional().meta({ description: 'Why the revocation list could not be written.' }),
});
export type AccountMovesView = z.infer<typeof movesView>;

export function movesText({ applied, accounts, problem }: AccountMovesView): string {
  const [only] = accounts;
  const lines =
    accounts.length === 1 && only !== undefined ? oneText(only, applied) : accounts.map((a) => lineOf(a, applied));
  const moved = accounts.filter(({ already }) => already !== true).length;
  if (accounts.length > 1) lines.push(`${many(moved, 'account')} ${applied ? 'moved' : 'would move'}.`);
  if (!applied && accounts.length > 1) lines.push('Nothing was changed.');
  const revoked = accounts.flatMap((a) => a.revoked ?? []);
  if (applied && revoked.length > 0) {
    lines.push(
      '',
      'New certificates: sluis cert issue --account LOGIN --use login (or mail) --code, and hand the code to their owners.',
    );
    if (revoked.some(({ own }) => !own))
      lines.push('Tell the issuers of the others as well: this gateway can only refuse them itself.');
  }
  if (problem !== undefined) lines.push(problem);
  return lines.join('\n');
}

const lineOf = (a: MoveView, applied: boolean): string =>
  a.already === true
    ? `${a.login}: belongs to ${a.organisation} already`
    : `${a.login}: ${applied ? 'moved' : 'would move'} from ${a.from ?? ''} to ${a.organisation}; ${many(a.moved?.messages ?? 0, 'message')} along, ${many(a.left?.messages ?? 0, 'message')} left in ${a.former ?? ''}; ${many(a.revoked?.length ?? 0, 'certificate')} revoked, ${many(a.delegations?.length ?? 0, 'delegation')} ended`;

function oneText(a: MoveView, applied: boolean): string[] {
  const { login: name, organisation: to, from = '', former = '', sessions = 0, codes = 0, pgpKeys = 0 } = a;
  if (a.already === true) return [`Account ${name} belongs to ${to} already; nothing was changed.`];
  const keys = [
    many(a.passwords ?? 0, 'password'),
    many(a.certificates ?? 0, 'certificate'),
    ...(pgpKeys === 0 ? [] : [many(pgpKeys, 'OpenPGP key')]),
  ].join(', ');
  const held = a.moved?.held ?? 0;
  return [
    applied
      ? `Moved account ${name} from ${from} to ${to}:`
      : `Nothing was done. Account ${name} would move from ${from} to ${to}:`,
    `- it logs in as before (${keys})${sessions === 0 ? '' : `; ${many(sessions, 'open session')} ended`}`,
    `- addresses that go along: ${a.addresses?.join(', ') || 'none'}`,
    `- mail received since ${readableTime(a.since) ?? ''} goes along: ${sizeOf(a.moved)}${held === 0 ? '' : `, and ${many(held, 'held message')}`}; programs fetch nothing twice`,
    `- earlier mail, what can be handed out again and the trail stay with ${from}, as account ${former}: ${sizeOf(a.left)}`,
    `- ${former} closes ${readableTime(a.closes) ?? ''}; until then: sluis mailbox export ${former} FILE --reason TEXT, or sluis account password add ${former} --name NAME`,
    ...(a.revoked ?? []).map(
      (r) => `- revoked, since it names ${from}: certificate ${r.name} for ${r.use}, ${r.subject}`,
    ),
    ...(codes === 0 ? [] : [`- void: ${many(codes, 'one-time code')}, for passwords and certificates`]),
    ...(a.delegations ?? []).map((d) => `- taken back: ${d.login} may send as ${d.address}`),
    ...(a.substitutes ?? []).map((s) => `- taken back: ${s.substitute} stands in for ${s.address}`),
    ...((a.exemptions ?? 0) === 0
      ? []
      : [
          `- ended: ${many(a.exemptions ?? 0, 'exemption')} from scanning; two people decide again at ${to} ("sluis scan exempt add")`,
        ]),
    ...(a.identities ?? []).map(
      (identity) =>
        `- stays with ${from}: EDI identity ${identity}; for ${to}: sluis organisation edi remove ${identity}, then sluis organisation edi add ${to} ${identity}`,
    ),
  ];
}

const sizeOf = (of: z.infer<typeof share> | undefined): string =>
  of === undefined ? '' : `${many(of.messages, 'message')} (${readableSize(of.octets)})`;
