/** `sluis account certificate`: the client certificates that log an account in. */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { type CertificateView, certificateView, viewCertificates } from '../admin/views.ts';
import { readableDay, readableTime, table } from '../cli/output.ts';
import { login } from './core/kinds.ts';
import { choice, named, text } from './core/kind.ts';
import { file, pem } from './core/files.ts';
import { arg, need, opt } from './core/params.ts';
import { changes, changesHere, part, reads, ruledAs } from './core/row.ts';
import { subject } from './core/subject.ts';

// The code that reads certificates is loaded only when it is needed: every command on accounts
// loads this file.
const work = () => import('./cert/for-login.ts');
const files = () => import('../cli/given-certificate.ts');

const whose = { login: arg(login, 'the account') };
const ADD = {
  ...whose,
  match: opt(
    choice('match', ['pin', 'subject', 'san']),
    'pin (the default): this certificate alone; subject, san: also renewed ones of the same authority',
    'pin',
  ),
  san: opt(text('name', 320), 'with --match san: which alternative name, such as email:anna@example.nl'),
  name: opt(named('certificate', 'name', 64), 'what it is called; default: the first 8 digits of its fingerprint'),
};
const sanAlone = ({ match, san }: { readonly match: string; readonly san: string | undefined }): string | undefined =>
  san === undefined || match === 'san' ? undefined : 'Cannot use an alternative name: it belongs to the match "san"';

const addPart = part({
  api: {
    method: 'POST',
    path: '/accounts/{accountId}/client-certificates',
    creates: true,
    ids: { accountId: 'login', clientCertificateId: 'name' },
  },
  about: 'register a client certificate',
  in: { ...ADD, pem: need(pem(), 'the certificate, or a chain that begins with it') },
  check: sanAlone,
  out: z.object({ login: z.string(), name: z.string(), about: z.string(), ends: z.string() }),
  right: 'registry',
  trail: ['registry.certificate-added'],
  undo: 'account certificate revoke',
  run: async (context, input, { actor }) => (await work()).addForLogin(context, input, actor),
});

export const accountCertificates = subject(
  'certificate',
  'the client certificates of an account',
  {
    add: changesHere({
      about: 'register a client certificate; the account may then log in with it',
      in: {
        ...ADD,
        file: need(file, 'the certificate: PEM, DER or PKCS #12, whose private key is not used'),
        passwordFile: opt(file, 'first line of this file opens the PKCS #12 file; - for standard input'),
      },
      check: sanAlone,
      out: addPart.out,
      ...ruledAs(addPart),
      examples: ['huisarts --file certificate.pem --name laptop'],
      run: async (here, { file: path, passwordFile, ...input }) => {
        const { readGivenCertificate, tellNotes } = await files();
        const given = await readGivenCertificate(here.terminal, path, passwordFile);
        const added = await here.call(addPart, { ...input, pem: given.pem });
        tellNotes(here.terminal, given);
        return added;
      },
      say: (added, { match }) =>
        [
          `Registered certificate ${added.name} for account ${added.login}: ${added.about}.`,
          match === 'pin'
            ? `It ends on ${readableDay(added.ends)}; register the renewed one before.`
            : 'Renewed certificates are taken as well. Their authority must be in tls.client-authorities.',
        ].join('\n'),
    }),

    list: reads({
      api: {
        method: 'GET',
        path: '/accounts/{accountId}/client-certificates',
        id: 'listAccountCertificates',
        ids: { clientCertificateId: 'name' },
      },
      about: 'list names, ends and last use, also of revoked ones',
      in: whose,
      out: z.array(certificateView).readonly(),
      right: 'read',
      examples: ['huisarts'],
      run: async ({ store, clock }, { login: of }) =>
        viewCertificates((await accountOf(store.registry, of)).certificates, clock.now()),
      say: (all) => certificateTable(all),
    }),

    revoke: changes({
      api: {
        method: 'DELETE',
        path: '/accounts/{accountId}/client-certificates/{clientCertificateId}',
        without: ['file'],
        ids: { accountId: 'login' },
      },
      about: 'end a certificate at once, also in open sessions',
      in: {
        ...whose,
        name: opt(named('certificate', 'name', 64), 'which one'),
        file: opt(pem(), 'this very certificate, however it is registered'),
      },
      check: ({ name, file: given }) =>
        (name === undefined) === (given === undefined)
          ? 'Cannot revoke a certificate: give --name or --file, one of the two'
          : undefined,
      out: z.object({
        login: z.string(),
        name: z.string(),
        serial: z.string().optional().meta({
          description: 'Of one that the register of certificates has: it is revoked there as well.',
        }),
        problem: z.string().optional().meta({ description: 'The revocation list could not be written: why.' }),
      }),
      right: 'support',
      trail: ['registry.certificate-revoked', 'certificate.revoked'],
      undo: '"account certificate add" registers another one',
      examples: ['huisarts --name laptop'],
      run: async (context, input, { actor }) => (await work()).revokeForLogin(context, input, actor),
      say: ({ name, login: of, serial, problem }) =>
        [
          `Revoked certificate ${name} of account ${of}.`,
          ...(serial === undefined ? [] : [`Serial number ${serial} is revoked in the register as well.`]),
          ...(problem === undefined ? [] : [problem]),
        ].join('\n'),
    }),
  },
  { parts: { add: addPart } },
);

export const certificateTable = (certificates: readonly CertificateView[]): string =>
  certificates.length === 0
    ? 'Certificates: none'
    : table(
        ['CERTIFICATE', 'MATCH', 'BEGINS', 'ENDS', 'STATE', 'LAST USED', 'REVOKED', 'ABOUT'],
        certificates.map((c) => [
          c.name,
          c.match,
          readableTime(c.begins),
          readableTime(c.ends),
          c.state,
          readableTime(c.lastUsed),
          readableTime(c.revoked),
          c.about,
        ]),
      );
