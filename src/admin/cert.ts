/** Operations on certificates: lists have all, the others are of accounts. Private keys are made by the caller: only requests come in, only certificates go out. */
import { chainOf, knownAuthorities } from '../ca/authorities.ts';
import { type RenewalCursor, collect, dueForRenewal, enrol, enrolRenewals, isRenewable } from '../ca/enrol.ts';
import { issueToAccount } from '../ca/issue.ts';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { certificatePem, readCertificate } from '../crypto/certificate.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../crypto/crl-issue.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import { accountOf } from './accounts.ts';
import { named, replacing } from './cert-find.ts';
import { byEnd, otherNamed, othersWithin } from './cert-others.ts';
import {
  type CertificateView,
  type EnrolledView,
  type IssuedView,
  USES,
  pemOf,
  viewCertificate,
  viewEnrolled,
  viewIssued,
} from './cert-views.ts';
import { type AdminContext, AdminError } from './context.ts';
import {
  type Input,
  address,
  flag,
  login,
  oneOf,
  optionalMoment,
  optionalText,
  optionalWithin,
  page,
  pem,
  text,
  wholeDays,
} from './input.ts';
import { type JudgedView, judged, keepingKey, privateKeyIn } from './mail-certificates.ts';
import { change, listing, withSecond, withSecondUnless } from './operation.ts';

/** Without a hold, which says that it may be taken back: what is revoked here stays so. */
const REASONS = (Object.keys(REVOCATION_REASONS) as RevocationReason[]).filter((r) => r !== 'certificateHold');
const CODE_LIFETIME = 30;

function optionalCursor(input: Input): RenewalCursor | undefined {
  const value = input.after;
  if (value === undefined || value === null) return undefined;
  const { notAfter, fingerprint } = value as Record<string, unknown>;
  if (typeof notAfter === 'number' && typeof fingerprint === 'string')
    return { notAfter: instant(notAfter), fingerprint };
  throw new AdminError('invalid', 'Cannot use that as after: expected the cursor of the page before');
}

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

/** Of one address, newest first. */
async function ofAddress({ store, clock }: AdminContext, of: Address): Promise<readonly CertificateView[]> {
  const now = clock.now();
  const { certificates } = await store.certificates.findMail(addressKey(of));
  const found = await Promise.all(certificates.map((c) => store.certificates.findCertificates(c.fingerprint)));
  return found.flat().map((record) => viewCertificate(record, now));
}

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
      key: privateKeyIn(input),
    }),
    async (context, { notAfter, replaces, key, ...input }, { actor }): Promise<IssuedView> => {
      await accountOf(context.store.registry, input.login);
      const more = await replacing(context, replaces, input.login);
      const ends = notAfter === undefined ? {} : { notAfter };
      const keep = keepingKey(context, key, input.request, input.use);
      const issued = await issueToAccount(context.ca, { ...input, ...ends, ...more, ...keep }, actor);
      return viewIssued(issued, input.login, input.use);
    },
  ),
  'cert.list': listing(
    (input) => ({
      limit: page({ limit: input.limit }).limit,
      after: optionalCursor(input),
      login: input.login === undefined ? undefined : login(input, 'login'),
      within: optionalWithin(input),
      address: input.address === undefined ? undefined : address(input, 'address'),
    }),
    async (context, { limit, after, login: name, within, address: of }): Promise<CertificatePage> => {
      const { store, clock } = context;
      const now = clock.now();
      if (of !== undefined) return { certificates: await ofAddress(context, of) };
      if (name !== undefined) await accountOf(store.registry, name);
      const found = await store.certificates.listCertificates({
        limit,
        ...defined({ after, login: name }),
        ...(within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) }),
      });
      const last = found.at(-1);
      // Whoever asks what ends soon asks what is still in force.
      const shown = within === undefined ? found : found.filter((c) => c.revoked === undefined);
      const ones = shown.map((record) => viewCertificate(record, now));
      const isLast = found.length < limit || last === undefined;
      const others =
        name === undefined
          ? await othersWithin(context, {
              ...defined({ after }),
              ...(isLast ? {} : { to: last }),
              ...defined({ within }),
            })
          : [];
      const certificates = [...ones, ...others].sort(byEnd);
      return isLast
        ? { certificates }
        : { certificates, next: { notAfter: last.notAfter, fingerprint: last.fingerprint } };
    },
  ),
  'cert.show': listing(
    (input) => text(input, 'serial'),
    async (context, name): Promise<CertificateView & JudgedView & { pem: string; chain: readonly string[] }> => {
      const known = (await context.store.certificates.findCertificates(name)).length > 0;
      const other = known ? undefined : await otherNamed(context, name);
      if (other !== undefined) return { ...other, chain: [] };
      const record = await named(context, name);
      const now = context.clock.now();
      const read = readCertificate(Buffer.from(record.der));
      return {
        ...viewCertificate(record, now),
        ...(record.use === 'mail' && read.ok ? await judged(context, read.value) : {}),
        pem: pemOf(record),
        chain: await chainPem(context, record, now),
      };
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
      return { ...view, published, ...defined({ problem }) };
    },
  ),
  // Whoever runs it sees the code, and could get in by it.
  'cert.enrol': withSecond(
    'code',
    change(
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
  ),
  /** One certificate by `serial`, or what ends within so many days: listed, with `batch` a code for each. */
  'cert.renew': withSecondUnless(
    'code',
    ({ serial, batch }) => serial === undefined && !batch,
    change(
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
              `Cannot renew certificate ${serial}: ${record.authority === undefined ? `another authority issued it: its owner asks there, and the new one is registered with "sluis ${record.registered === true ? `account certificate add ${record.login}` : 'cert import'}"` : record.revoked === undefined ? 'a newer one takes its place already' : 'it is revoked; issue a new one'}`,
            );
          const codes = await enrolRenewals(context.ca, [record], validFor, actor);
          return { due: [view(record)], codes: codes.map(viewEnrolled) };
        }
        if (within === undefined) throw new AdminError('invalid', 'Cannot renew: give a serial number, or days');
        const { certificates, next } = await dueForRenewal(context.ca, within, after);
        const codes = batch ? await enrolRenewals(context.ca, certificates, validFor, actor) : [];
        return { due: certificates.map(view), codes: codes.map(viewEnrolled), ...defined({ next }) };
      },
    ),
  ),
  'cert.collect': change(
    (input) => ({ code: text(input, 'code', 64), request: pem(input, 'request'), key: privateKeyIn(input) }),
    async (context, { key, ...input }, { actor }): Promise<IssuedView> => {
      // For log-in the store refuses to hold it.
      const keep = keepingKey(context, key, input.request, 'mail');
      const issued = await collect(context.ca, { ...input, ...keep }, actor);
      return viewIssued(issued, issued.login, issued.use);
    },
  ),
};
