/**
 * `sluis cert`: certificates. Lists show all of them; the other commands are about those of
 * accounts.
 */
import { z } from '../config/zod.ts';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { certificateView, viewCertificate } from '../admin/cert-views.ts';
import { CommandError } from '../cli/exit.ts';
import { newFile, withFiles } from '../cli/new-file.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../crypto/certificates/crl-issue.ts';
import { defined } from '../domain/defined.ts';
import { days as lasting } from '../domain/units.ts';
import { capabilities } from './cert/capability.ts';
import { listed, named, placeOf } from './cert/find.ts';
import { importPart, importRow, keys } from './cert/import.ts';
import { issueParts, issueRows } from './cert/issue.ts';
import { byName } from './cert/params.ts';
import { showCertificate } from './cert/show.ts';
import { COLUMNS, cellsOf, upper } from './cert/text.ts';
import { address, login } from './core/kinds.ts';
import { choice } from './core/kind.ts';
import { file } from './core/files.ts';
import { days } from './core/moments.ts';
import { need, opt } from './core/params.ts';
import { changes, lists, readsHere } from './core/row.ts';
import { subject } from './core/subject.ts';

/**
 * Reasons for a revocation, without `certificateHold`: a hold can be undone, but what is revoked
 * here stays revoked.
 */
const REASONS = (Object.keys(REVOCATION_REASONS) as RevocationReason[]).filter((r) => r !== 'certificateHold');

export const certificates = subject(
  'cert',
  'certificates: of accounts, for login and for mail; of listeners, authorities and partners',
  {
    issue: issueRows.issue,
    collect: issueRows.collect,
    import: importRow,

    list: lists({
      api: { method: 'GET', path: '/certificates', id: 'listCertificates', ids: { accountId: 'account' } },
      about: 'list certificates by their end',
      in: {
        account: opt(login, 'of one account'),
        address: opt(address, 'for mail to this address, newest first'),
        expiring: opt(days(3660), 'that end within so long, such as 60d'),
      },
      out: certificateView,
      right: 'read',
      examples: ['', '--expiring 60d', '--account huisarts'],
      run: (context, { expiring, ...wanted }) =>
        listed(context, { ...wanted, within: expiring === undefined ? undefined : lasting(expiring) }),
      header: upper(COLUMNS),
      csvHeader: COLUMNS,
      cells: cellsOf,
      after: (one) => placeOf(one),
      none: 'No certificates.',
    }),

    show: showCertificate,

    export: readsHere({
      about: "write a certificate and its chain to a file, PEM; the private key is its owner's",
      in: { ...byName, out: need(file, 'new file') },
      out: showCertificate.out,
      right: 'read',
      examples: ['5c0d9e41a7b24f6388d2f1706ab3c915 --out huisarts.pem'],
      run: async (here, { serial, out: path }) => {
        const out = newFile(path, 0o644);
        return await withFiles([out], async () => {
          const found = await here.call(showCertificate, { serial });
          if (found.pem === '')
            throw new CommandError(
              'conflict',
              `Cannot export certificate ${serial}: it is registered for login alone, and itself not kept; its owner has it`,
            );
          out.write([found.pem, ...found.chain].join(''));
          return found;
        });
      },
      say: (_, { out }) => `Certificate and chain: ${out}`,
    }),

    renew: issueRows.renew,
    key: keys,
    capability: capabilities,

    revoke: changes({
      api: { method: 'POST', path: '/certificates/{serial}/revocations' },
      about: 'revoke a certificate at once and for good',
      in: { ...byName, why: opt(choice('reason', REASONS), 'reason in the revocation list', 'unspecified') },
      out: certificateView.extend({
        published: z.boolean().meta({ description: 'Our list was written.' }),
        problem: z.string().optional().meta({ description: 'Why it was not.' }),
      }),
      right: 'security',
      trail: ['certificate.revoked'],
      undo: '"cert issue" makes another one',
      examples: ['5c0d9e41a7b24f6388d2f1706ab3c915 --why keyCompromise --reason "laptop lost"'],
      run: async (context, { serial, why }, { actor }) => {
        const { fingerprint } = await named(context, serial);
        await context.store.certificates.revokeCertificate(fingerprint, why, actor);
        const problem = await tryToPublish(context.ca);
        const view = viewCertificate(await named(context, fingerprint), context.clock.now());
        const published = problem === undefined && view.origin === 'issued' && context.ca.crlFile !== undefined;
        return { ...view, published, ...defined({ problem }) };
      },
      say: ({ serial, account, published, problem, origin }) => {
        const others =
          origin === 'imported' ? 'Tell the authority that issued it.' : 'Publish a new list: "sluis ca crl".';
        return `Revoked certificate ${serial} of ${account}. ${published ? 'The revocation list was written.' : (problem ?? others)}`;
      },
    }),
  },
  {
    parts: {
      issue: issueParts.issue,
      enrol: issueParts.enrol,
      collect: issueParts.collect,
      renew: issueParts.renew,
      import: importPart,
    },
  },
);
