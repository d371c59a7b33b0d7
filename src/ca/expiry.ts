/**
 * Warns of certificates that end: in the log, and by a message in the account's own mailbox, the one place that old systems show.
 *
 * A warning is remembered after its message was filed: a crash between the two repeats it, none is lost. What could not be filed (a full
 * mailbox) is tried again the next day.
 */
import { Buffer } from 'node:buffer';
import { WARNING_DAYS, type WarningDay, dueWarning, warningMessage } from '../crypto/certificate-expiry.ts';
import { type Address, addressKey } from '../domain/address.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { days, instant, octets } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { AcceptOutcome, Store } from '../store/store.ts';

export interface ExpiryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
}

const PAGE = 200;
const SYSTEM = 'postmaster';

/** Goes through everything that ends within 60 days; answers how many warnings were given. */
export async function warnOfEnds(parts: ExpiryParts): Promise<number> {
  const { store, clock } = parts;
  const now = clock.now();
  let warned = 0;
  let after: AccountCertificate | undefined;
  for (;;) {
    const page: readonly AccountCertificate[] = await store.certificates.listCertificates({
      limit: PAGE,
      endsFrom: now,
      endsBefore: instant(now + days(WARNING_DAYS[0]) + 1),
      ...(after === undefined ? {} : { after }),
    });
    for (const certificate of page) if (await warn(parts, certificate)) warned += 1;
    after = page.at(-1);
    if (page.length < PAGE) return warned;
  }
}

async function warn(parts: ExpiryParts, certificate: AccountCertificate): Promise<boolean> {
  const { store, clock, log } = parts;
  const { notAfter, replaced, revoked, login, serial, use, fingerprint } = certificate;
  if (revoked !== undefined) return false;
  const earlier = WARNING_DAYS.filter((day) => day === certificate.warned);
  const due = dueWarning({ notAfter, warned: earlier, replaced }, clock.now());
  if (due === undefined) return false;
  const account = await store.registry.findAccount(login);
  if (account?.account.state !== 'active') return false;
  const fields = { account: login, serial, use, ends: new Date(notAfter).toISOString(), days: due };
  log.warn('certificate.ends', fields);
  const to = account.addresses.find((a) => a.state === 'active')?.address;
  if (to !== undefined) {
    const outcome = await file(parts, certificate, account, to, due);
    if (outcome.kind === 'refused') {
      log.warn('certificate.warning-refused', { account: login, serial, why: outcome.why });
      return false;
    }
  }
  await store.certificates.noteWarned(fingerprint, due);
  return true;
}

/** Files the message as the postmaster's. No policy of submission applies: the gateway may always tell an account about itself. */
async function file(
  { store, clock, hostname }: ExpiryParts,
  certificate: AccountCertificate,
  account: AccountSummary,
  to: Address,
  due: WarningDay,
): Promise<AcceptOutcome> {
  const from = `${SYSTEM}@${hostname}` as Address;
  const organisation = await store.registry.findOrganisation(account.organisation);
  const system = await store.registry.findAccount(SYSTEM);
  const submitter: AccountId = system?.account.id ?? account.account.id;
  const writer = store.openBody(octets(0));
  try {
    const messageId = `${writer.id}@${hostname}`;
    const text = warningMessage({
      language: organisation?.language ?? 'nl',
      from,
      to,
      date: clock.now(),
      messageId: `<${messageId}>`,
      use: certificate.use,
      subject: certificate.subject,
      serial: certificate.serial,
      notAfter: certificate.notAfter,
      contact: from,
    });
    await writer.write(Buffer.from(text));
    const body = await writer.seal();
    const outcome = await store.accept({
      body,
      receivedAt: clock.now(),
      submitter,
      sender: from,
      messageIdField: messageId,
      envelope: { body: '8BITMIME', smtpUtf8: !/^[\x20-\x7e]*$/.test(to) },
      recipients: [{ address: to, mailbox: account.account.id }],
      audit: [
        {
          event: 'message.accepted',
          outcome: 'success',
          account: submitter,
          facts: { octets: body.octets, sha256: body.sha256, recipients: 1, notice: `certificate-ends-${due}` },
          personal: { sender: from, recipients: [addressKey(to)] },
        },
      ],
    });
    if (outcome.kind === 'refused') await writer.abort();
    return outcome;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
