/**
 * Erases the data of an organisation at the end of its contract. Each step is a transaction of its
 * own and skips what is done already: after a crash, the same command continues. The signed
 * statement says what stays and why.
 */
import { defined } from '../../domain/defined.ts';
import type { Account } from '../../domain/registry.ts';
import type { EntryUid } from '../../domain/ids.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { type AccountSummary } from '../../store/registry.ts';
import { type Actor, personalOf } from '../../store/actor.ts';
import type { Store } from '../../store/port/store.ts';
import type { MaildropLock } from '../../store/maildrop.ts';
import { type Erased, erasePeople } from '../../admin/audit-erase.ts';
import { belongingsOf, formerOf } from '../../admin/belongings.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import type { ErasePlan, Erasure } from './erase-views.ts';
import { statementOf } from './erase-statement.ts';
import { sendDocument } from '../../admin/evidence.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { partnerOf } from '../../admin/partner-of.ts';

export async function eraseOrganisation(
  context: AdminContext,
  name: string,
  { discardMail }: { readonly discardMail: boolean },
  call: Call,
): Promise<Erasure> {
  const { actor } = call;
  const plan = await planOf(context, name);
  refuseOpen(plan, discardMail);
  const { store, clock, evidence } = context;
  // Checked before anything is erased: without this key there would be no signed statement.
  const key = await evidence.key(clock.now());
  let done = 0;
  for await (const summary of accountsOf(store, name)) {
    await eraseAccount(store, summary, actor);
    call.progress((done += 1), plan.accounts);
  }
  // By now, mail that waited for partners has been withdrawn. Otherwise this end would write
  // notices to its senders.
  await store.registry.endOrganisation(name, {}, actor);
  // The trail is searched by names that the registry is about to forget. So it comes first: after a
  // crash, the next run still has those names.
  const trail = await erasePeople(context, belongingsOf(store, name), actor);
  let rows = 0;
  for (let step = -1; step !== 0; rows += step) step = await store.registry.eraseOrganisation(name, actor);
  for (let more = true; more;) more = (await store.sweep()).messages > 0;
  const made = Math.floor(clock.now() / 1000) * 1000;
  const reason = actor.reason ?? '';
  const told = {
    ...plan,
    rows,
    ...trailOf(trail),
    made: new Date(made).toISOString(),
    actor: actor.name,
    reason,
  };
  store.audit.note({
    event: 'evidence.deletion',
    outcome: 'success',
    facts: { rows, accounts: plan.accounts, messages: plan.messages },
    personal: { organisation: name, actor: actor.name, reason },
  });
  const document = statementOf(told, {
    hostname: context.partners.hostname,
    made: made as Instant,
    fingerprint: key.certificate.fingerprint,
  });
  await sendDocument(call, document, key);
  return told;
}

const trailOf = ({ rows, kept, keptUntil }: Erased): Pick<Erasure, 'trailErased' | 'trailKept' | 'trailKeptUntil'> => ({
  trailErased: rows,
  trailKept: kept,
  ...defined({ trailKeptUntil: iso(keptUntil) }),
});

export async function planOf({ store }: AdminContext, name: string): Promise<ErasePlan> {
  await organisationOf(store.registry, name);
  const plan = { accounts: 0, former: 0, addresses: 0, messages: 0, octets: 0, waiting: 0, active: [] as string[] };
  for await (const { account, addresses, messages, used } of accountsOf(store, name)) {
    plan.accounts += 1;
    plan.addresses += addresses.length;
    plan.messages += messages;
    plan.octets += used;
    if (account.state === 'active' && plan.active.length < 20) plan.active.push(account.login);
    plan.waiting += (await waitingOf(store, account)).length;
  }
  // The same account may have left more than once.
  const former = new Set<number>();
  for await (const { summary } of formerOf(store, name)) former.add(summary.account.id);
  return { organisation: name, ...plan, former: former.size };
}

function refuseOpen({ organisation, active, messages, waiting }: ErasePlan, discardMail: boolean): void {
  if (active.length > 0)
    throw new AdminError(
      'conflict',
      `Cannot erase organisation "${organisation}": accounts are active (${active.slice(0, 5).join(', ')}); suspend them first with "sluis organisation suspend ${organisation}", so that nobody sends or fetches from now on`,
    );
  if (messages + waiting > 0 && !discardMail)
    throw new AdminError(
      'conflict',
      `Cannot erase organisation "${organisation}": messages are in its mailboxes (${messages}) or wait for its partner (${waiting}); have them fetched, or add --discard-mail to erase them for good`,
    );
}

async function waitingOf(store: Store, account: Account) {
  const partner = await partnerOf(store, account);
  return partner === undefined ? [] : await store.deliveries.list({ limit: 1000, partner: partner.id });
}

async function eraseAccount(store: Store, summary: AccountSummary, actor: Actor): Promise<void> {
  const { account } = summary;
  for (let waiting = await waitingOf(store, account); waiting.length > 0; waiting = await waitingOf(store, account)) {
    let taken = 0;
    for (const { message, recipient } of waiting) {
      const done = await store.deliveries.withdraw(message.id, [recipient], actor, []);
      if (done !== 'unknown' && done.some((each) => each.done === 'withdrawn')) taken += 1;
    }
    if (taken === 0)
      throw new AdminError(
        'conflict',
        `Cannot discard what waits for "${account.login}": it is being sent now; try again in a minute`,
      );
  }
  await discardMailbox(store, account, actor);
  for (const { fingerprint, revoked, keyHeld } of await store.certificates.listCertificates({
    limit: 1000,
    login: account.login,
  })) {
    if (revoked === undefined) await store.certificates.revokeCertificate(fingerprint, 'cessationOfOperation', actor);
    if (keyHeld) await store.certificates.removeKey(fingerprint, actor);
  }
  for (const { fingerprint, revoked, keyHeld } of await store.pgpKeys.list({ limit: 1000, login: account.login })) {
    if (revoked === undefined) await store.pgpKeys.revoke(fingerprint, 'the contract ended', actor);
    if (keyHeld) await store.pgpKeys.removeSecret(fingerprint, actor);
  }
}

/** The UIDs of the messages in the mailbox. If they cannot be read, the lock is released. */
async function uidsOf(store: Store, lock: MaildropLock): Promise<readonly EntryUid[]> {
  try {
    const listing = await store.listMaildrop(lock);
    return Array.from({ length: listing.count }, (_, n) => listing.uidOf(n));
  } catch (error) {
    await store.releaseMaildrop(lock);
    throw error;
  }
}

/** Deletes all messages, as a session would. What a deletion only hides then goes with the rows. */
async function discardMailbox(store: Store, account: Account, actor: Actor): Promise<void> {
  const lock = await store.lockMaildrop(account.id, { session: 'erase', network: 'operator' });
  if (lock === 'in-use')
    throw new AdminError(
      'conflict',
      `Cannot erase the mailbox of "${account.login}": a session has it open; try again in a minute`,
    );
  const uids = await uidsOf(store, lock);
  if (uids.length === 0) return await store.releaseMaildrop(lock);
  await store.commitMaildrop(
    lock,
    uids,
    [],
    [
      {
        event: 'maildrop.committed',
        outcome: 'success',
        account: account.id,
        facts: { deleted: uids.length, erased: true },
        personal: personalOf(actor),
      },
    ],
  );
}
