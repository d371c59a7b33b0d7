/** Certificates that another authority issued, and private keys for mail in the gateway's care. */
import { type KeyObject } from 'node:crypto';
import { recordOf } from '../../ca/issue.ts';
import { accountOf } from '../../admin/accounts.ts';
import { certificateView, viewCertificate } from '../../admin/cert-views.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { readGivenCertificate, tellNotes } from '../../cli/given-certificate.ts';
import { readableDay } from '../../cli/output.ts';
import { type Certificate, isWeakKey } from '../../crypto/certificates/certificate.ts';
import type { Address } from '../../domain/address.ts';
import { iso } from '../../domain/units.ts';
import type { CertificateUse } from '../../store/certificates.ts';
import { address, login } from '../core/kinds.ts';
import { file, pem } from '../core/files.ts';
import { arg, flag, need, opt } from '../core/params.ts';
import { changes, changesHere, part, ruledAs } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { named, replacing } from './find.ts';
import { certificateIn, judged, mailOwner, sealedFor } from './mail-keys.ts';
import { byName, certificateName, judgedView, opensFile, privateKey, replaces, use } from './params.ts';
import { showCertificate } from './show.ts';
import { detail } from './text.ts';

const OWNED = {
  account: opt(login, 'whose'),
  address: opt(address, 'for mail: of whichever account this address leads to'),
  use,
  replaces,
};
const oneOwner = (of: { readonly account: unknown; readonly address: unknown }): string | undefined =>
  (of.account === undefined) === (of.address === undefined)
    ? 'Cannot register the certificate: give either --account or --address, whose it is'
    : undefined;

const refuse = (why: string): never => {
  throw new AdminError('invalid', `Cannot register the certificate: ${why}`);
};

interface Given {
  readonly account: string | undefined;
  readonly address: Address | undefined;
  readonly use: CertificateUse;
  readonly key: KeyObject | undefined;
}

async function ownerOf(context: AdminContext, input: Given, certificate: Certificate): Promise<string> {
  if (input.use === 'mail') return await mailOwner(context, input, certificate);
  const { account: owner, key } = input;
  if (owner === undefined || key !== undefined)
    throw new AdminError(
      'invalid',
      'Cannot register the certificate for login: give its account; an address and a private key go with those for mail',
    );
  await accountOf(context.store.registry, owner);
  return owner;
}

/**
 * Reads and checks a certificate. Throws AdminError if it cannot belong to an account, or is of no
 * use.
 */
function usable({ clock }: AdminContext, pemText: string): Certificate {
  const certificate = certificateIn(pemText);
  const { key, notAfter, basicConstraints } = certificate;
  if (isWeakKey(key)) refuse(`its key is weak (${key.kind} ${key.bits} bits)`);
  if (basicConstraints?.ca === true) refuse('it is that of an authority, not of an account');
  if (notAfter <= clock.now()) refuse(`it ended on ${iso(notAfter)}`);
  return certificate;
}

export const importPart = part({
  about: 'register a certificate of another authority',
  in: { ...OWNED, certificate: need(pem(), 'the certificate'), key: opt(privateKey, 'for mail: its private key') },
  check: oneOwner,
  out: judgedView,
  right: 'security',
  trail: ['certificate.imported', 'certificate.key-added'],
  undo: 'cert revoke',
  run: async (context, input, { actor }) => {
    const certificate = usable(context, input.certificate);
    const owner = await ownerOf(context, input, certificate);
    const more = await replacing(context, input.replaces, owner);
    const kept = input.key === undefined ? {} : { sealedKey: await sealedFor(context, input.key, certificate) };
    const record = { ...recordOf(certificate, input.use), ...more, ...kept };
    await context.store.certificates.addCertificate(owner, record, 'imported', actor);
    return {
      ...viewCertificate(await named(context, certificate.fingerprint), context.clock.now()),
      ...(input.use === 'mail' ? await judged(context, certificate) : {}),
    };
  },
});

export const importRow = changesHere({
  about: 'register a certificate that another authority issued, so that it is listed and its end is warned of',
  in: {
    file: arg(file, 'certificate: PEM, DER, PKCS #7 (.p7b), or a PKCS #12 file, whose private key is not used'),
    ...OWNED,
    keepKey: flag('for mail: store the private key of the PKCS #12 file in the gateway, to sign and to decrypt'),
    passwordFile: opensFile,
  },
  check: oneOwner,
  out: judgedView,
  ...ruledAs(importPart),
  examples: [
    'certificate.pem --account huisarts --use login',
    'mail.p12 --address huisarts@huisarts.example --use mail --keep-key --password-file password.txt',
  ],
  run: async (here, { file: path, keepKey, passwordFile, account, address: of, use: purpose, replaces: old }) => {
    const given = await readGivenCertificate(here.terminal, path, passwordFile, keepKey ? 'key' : 'certificate');
    const whose = { account, address: of, use: purpose, replaces: old };
    const done = await here.call(importPart, { ...whose, certificate: given.pem, key: given.key });
    tellNotes(here.terminal, given);
    return done;
  },
  say: (done) => `Registered certificate ${done.serial} of ${done.account}.\n${detail(done)}`,
  warnings: ({ problems = [] }) => problems,
});

const keyPart = part({
  about: 'store the private key of a certificate in the gateway',
  in: { serial: need(certificateName, 'of which'), key: need(privateKey, 'the key') },
  out: certificateView,
  right: 'security',
  trail: ['certificate.key-added'],
  undo: 'cert key remove',
  run: async (context, { serial, key }, { actor }) => {
    const { fingerprint, der } = await named(context, serial);
    const sealed = await sealedFor(context, key, certificateIn(der));
    await context.store.certificates.addKey(fingerprint, sealed, actor);
    return viewCertificate(await named(context, fingerprint), context.clock.now());
  },
});

export const keys = subject(
  'key',
  'private keys for mail that the gateway holds',
  {
    add: changesHere({
      about: 'store the private key of a registered certificate for mail in the gateway, to sign and to decrypt',
      in: { file: arg(file, 'PKCS #12 file with the certificate and its key'), passwordFile: opensFile },
      out: certificateView,
      ...ruledAs(keyPart),
      examples: ['other.p12 --password-file password.txt'],
      run: async (here, { file: path, passwordFile }) => {
        const given = await readGivenCertificate(here.terminal, path, passwordFile, 'key');
        return await here.call(keyPart, { serial: certificateIn(given.pem).fingerprint, key: given.key });
      },
      say: (done) => `The gateway holds the private key of certificate ${done.serial} of ${done.account}, sealed.`,
    }),

    remove: changes({
      about: 'delete a private key: what was encrypted to it can never be read again',
      in: byName,
      out: certificateView,
      right: 'security',
      trail: ['certificate.key-removed'],
      examples: ['5c0d9e41a7b24f6388d2f1706ab3c915 --yes --reason "the practice has closed"'],
      confirm: {
        name: ({ serial }) => serial,
        what: ({ serial }) => `delete the private key of certificate ${serial}`,
        goes: async (here, { serial }) => {
          const { account, subject: name, ends, ...of } = await here.call(showCertificate, { serial });
          return [
            `The private key of certificate ${of.serial} of ${account} (${name}, until ${readableDay(ends)}) is deleted:`,
            '- messages that were encrypted to it and were not decrypted yet can no longer be read',
            '- nothing is signed with it from now on',
            'Backups of the database still have it.',
          ].join('\n');
        },
      },
      run: async (context, { serial }, { actor }) => {
        const { fingerprint } = await named(context, serial);
        await context.store.certificates.removeKey(fingerprint, actor);
        return viewCertificate(await named(context, fingerprint), context.clock.now());
      },
      say: (done) =>
        `The private key of certificate ${done.serial} of ${done.account} is no longer held. Backups of the database still have it.`,
    }),
  },
  { parts: { add: keyPart } },
);
