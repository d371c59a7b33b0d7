/** Operations on certificates of accounts. Private keys are made by the caller: only requests come in, only certificates go out. */
import { chainOf, knownAuthorities } from '../ca/authorities.ts';
import { type RenewalCursor, collect, dueForRenewal, enrol, enrolRenewals, isRenewable } from '../ca/enrol.ts';
import { issueToAccount, recordOf } from '../ca/issue.ts';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { certificatePem, isWeakKey, readCertificate } from '../crypto/certificate.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../crypto/crl-issue.ts';
import { type Instant, type Milliseconds, days, instant } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import { accountOf } from './accounts.ts';
import {
  type CertificateView,
  type EnrolledView,
  type IssuedView,
  pemOf,
  viewCertificate,
  viewEnrolled,
  viewIssued,
} from './cert-views.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, flag, login, oneOf, optionalMoment, optionalText, page, text } from './input.ts';
import { change, listing } from './operation.ts';

const USES = ['login', 'mail'] as const;
/** Without a hold, which says that it may be taken back: what is revoked here stays so. */
const REASONS = (Object.keys(REVOCATION_REASONS) as RevocationReason[]).filter((r) => r !== 'certificateHold');
const CODE_LIFETIME = 30;

/** PEM has line ends, which `text` refuses. */
function pem(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '' && value.length <= 64 * 1024) return value;
  throw new AdminError('invalid', `Cannot use the ${name}: expected PEM of at most 64KiB`);
}

function wholeDays(input: Input, name: string, most: number, initial?: number): Milliseconds {
  const value = input[name] ?? initial;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return days(value);
  throw new AdminError('invalid', `Cannot use that as ${name}: expected a whole number of days from 1 to ${most}`);
}

function optionalCursor(input: Input): RenewalCursor | undefined {
  const value = input.after;
  if (value === undefined || value === null) return undefined;
  const { notAfter, fingerprint } = value as Record<string, unknown>;
  if (typeof notAfter === 'number' && typeof fingerprint === 'string')
    return { notAfter: instant(notAfter), fingerprint };
  throw new AdminError('invalid', 'Cannot use that as after: expected the cursor of the page before');
}

/** The one certificate of that serial number or fingerprint. */
async function named({ store }: AdminContext, name: string): Promise<AccountCertificate> {
  const found = await store.certificates.findCertificates(name);
  const [only] = found;
  if (only === undefined)
    throw new AdminError('unknown', `Cannot find certificate "${name}"; "sluis cert list" shows serial numbers`);
  if (found.length > 1)
    throw new AdminError(
      'invalid',
      `Cannot tell which certificate "${name}" is: ${found.length} issuers used that serial number; give the fingerprint: ${found.map((c) => c.fingerprint).join(', ')}`,
    );
  return only;
}

const replacing = async (
  context: AdminContext,
  serial: string | undefined,
  login: string,
): Promise<{ replaces?: string }> => {
  if (serial === undefined) return {};
  const old = await named(context, serial);
  if (old.login !== login)
    throw new AdminError('invalid', `Cannot replace certificate ${serial}: it is of account "${old.login}"`);
  return { replaces: old.fingerprint };
};

export interface CertificatePage {
  readonly certificates: readonly CertificateView[];
  readonly next?: RenewalCursor;
}

export interface RenewalView {
  readonly due: readonly CertificateView[];
  /** With `batch` only. */
  readonly codes: readonly EnrolledView[];
  readonly next?: RenewalCursor;
}

const optionalWithin = (input: Input): Milliseconds | undefined =>
  input.within === undefined ? undefined : wholeDays(input, 'within', 3660);

async function chainPem({ ca }: AdminContext, record: AccountCertificate, now: Instant): Promise<readonly string[]> {
  const known = await knownAuthorities(ca);
  const issuing = known.find(({ record: authority }) => authority.id === record.authority);
  return issuing === undefined ? [] : chainOf(known, issuing, now).map(certificatePem);
}

export const certificateOperations = {
  'cert.issue': change(
    (input) => ({
      login: login(input, 'login'),
      use: oneOf(input, 'for', USES),
      request: pem(input, 'request'),
      notAfter: optionalMoment(input, 'ends'),
      replaces: optionalText(input, 'replaces'),
    }),
    async (context, { notAfter, replaces, ...input }, { actor }): Promise<IssuedView> => {
      await accountOf(context.store.registry, input.login);
      const more = await replacing(context, replaces, input.login);
      const ends = notAfter === undefined ? {} : { notAfter };
      const issued = await issueToAccount(context.ca, { ...input, ...ends, ...more }, actor);
      return viewIssued(issued, input.login, input.use);
    },
  ),
  'cert.list': listing(
    (input) => ({
      limit: page({ limit: input.limit }).limit,
      after: optionalCursor(input),
      login: input.login === undefined ? undefined : login(input, 'login'),
      within: optionalWithin(input),
    }),
    async (context, { limit, after, login: name, within }): Promise<CertificatePage> => {
      const { store, clock } = context;
      const now = clock.now();
      if (name !== undefined) await accountOf(store.registry, name);
      const found = await store.certificates.listCertificates({
        limit,
        ...(after === undefined ? {} : { after }),
        ...(name === undefined ? {} : { login: name }),
        ...(within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) }),
      });
      const last = found.at(-1);
      // Whoever asks what ends soon asks what is still in force.
      const shown = within === undefined ? found : found.filter((c) => c.revoked === undefined);
      const certificates = shown.map((record) => viewCertificate(record, now));
      if (found.length < limit || last === undefined) return { certificates };
      return { certificates, next: { notAfter: last.notAfter, fingerprint: last.fingerprint } };
    },
  ),
  'cert.show': listing(
    (input) => text(input, 'serial'),
    async (context, name): Promise<CertificateView & { pem: string; chain: readonly string[] }> => {
      const record = await named(context, name);
      const now = context.clock.now();
      return { ...viewCertificate(record, now), pem: pemOf(record), chain: await chainPem(context, record, now) };
    },
  ),
  'cert.revoke': change(
    (input) => ({ name: text(input, 'serial'), reason: oneOf(input, 'why', REASONS, 'unspecified') }),
    async (
      context,
      { name, reason },
      { actor },
    ): Promise<CertificateView & { published: boolean; problem?: string }> => {
      const { fingerprint } = await named(context, name);
      await context.store.certificates.revokeCertificate(fingerprint, reason, actor);
      const problem = await tryToPublish(context.ca);
      const view = viewCertificate(await named(context, fingerprint), context.clock.now());
      const published = problem === undefined && view.origin === 'issued' && context.ca.crlFile !== undefined;
      return { ...view, published, ...(problem === undefined ? {} : { problem }) };
    },
  ),
  'cert.import': change(
    (input) => ({
      login: login(input, 'login'),
      use: oneOf(input, 'for', USES),
      certificate: pem(input, 'certificate'),
      replaces: optionalText(input, 'replaces'),
    }),
    async (context, input, { actor }): Promise<CertificateView> => {
      await accountOf(context.store.registry, input.login);
      const read = readCertificate(input.certificate);
      if (!read.ok) throw new AdminError('invalid', read.error.text);
      const { key, notAfter, basicConstraints, fingerprint } = read.value;
      const now = context.clock.now();
      if (isWeakKey(key))
        throw new AdminError(
          'invalid',
          `Cannot register the certificate: its key is weak (${key.kind} ${key.bits} bits)`,
        );
      if (basicConstraints?.ca === true)
        throw new AdminError(
          'invalid',
          'Cannot register the certificate: it is that of an authority, not of an account',
        );
      if (notAfter <= now)
        throw new AdminError(
          'invalid',
          `Cannot register the certificate: it ended on ${new Date(notAfter).toISOString()}`,
        );
      const more = await replacing(context, input.replaces, input.login);
      const record = { ...recordOf(read.value, input.use), ...more };
      await context.store.certificates.addCertificate(input.login, record, 'imported', actor);
      return viewCertificate(await named(context, fingerprint), now);
    },
  ),
  'cert.enrol': change(
    (input) => ({
      login: login(input, 'login'),
      use: oneOf(input, 'for', USES),
      validFor: wholeDays(input, 'valid', 90, CODE_LIFETIME),
    }),
    async (context, input, { actor }): Promise<EnrolledView> => {
      await accountOf(context.store.registry, input.login);
      return viewEnrolled(await enrol(context.ca, input, actor));
    },
  ),
  /** One certificate by `serial`, or what ends within so many days: listed, with `batch` a code for each. */
  'cert.renew': change(
    (input) => ({
      serial: optionalText(input, 'serial'),
      within: optionalWithin(input),
      batch: flag(input, 'batch'),
      after: optionalCursor(input),
      validFor: wholeDays(input, 'valid', 90, CODE_LIFETIME),
    }),
    async (context, { serial, within, batch, after, validFor }, { actor }): Promise<RenewalView> => {
      const now = context.clock.now();
      const view = (record: AccountCertificate): CertificateView => viewCertificate(record, now);
      if (serial !== undefined) {
        const record = await named(context, serial);
        if (!isRenewable(record))
          throw new AdminError(
            'ended',
            `Cannot renew certificate ${serial}: ${record.authority === undefined ? 'another authority issued it; ask there' : record.revoked === undefined ? 'a newer one takes its place already' : 'it is revoked; issue a new one'}`,
          );
        const codes = await enrolRenewals(context.ca, [record], validFor, actor);
        return { due: [view(record)], codes: codes.map(viewEnrolled) };
      }
      if (within === undefined) throw new AdminError('invalid', 'Cannot renew: give a serial number, or days');
      const { certificates, next } = await dueForRenewal(context.ca, within, after);
      const codes = batch ? await enrolRenewals(context.ca, certificates, validFor, actor) : [];
      return {
        due: certificates.map(view),
        codes: codes.map(viewEnrolled),
        ...(next === undefined ? {} : { next }),
      };
    },
  ),
  'cert.collect': change(
    (input) => ({ code: text(input, 'code', 64), request: pem(input, 'request') }),
    async ({ ca }, input, { actor }): Promise<IssuedView> => {
      const issued = await collect(ca, input, actor);
      return viewIssued(issued, issued.login, issued.use);
    },
  ),
};
