/**
 * Everything that the gateway holds about an organisation, as files of JSON lines. It is streamed:
 * only one row, and one page of its source, is in memory. Secrets never leave: no password hash, no
 * private key. Messages are included only on request.
 */
import { certificatePem, readCertificate } from '../../crypto/certificates/certificate.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId, PartnerId } from '../../domain/ids.ts';
import { isoMonth } from '../../domain/months.ts';
import { instant } from '../../domain/units.ts';
import { givenBack } from '../../platform/given-back.ts';
import type { MessageRecord } from '../../store/deliveries.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { Store } from '../../store/port/store.ts';
import { type MonthlyUsage, USAGE_COUNTS } from '../../store/usage.ts';
import { type Belonging, belongingsOf, formerOf } from '../../admin/belongings.ts';
import { viewCertificate } from '../../admin/cert-views.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { viewEvent, viewMessage } from '../../admin/delivery-views.ts';
import { partnerOf } from '../../admin/partner-of.ts';
import { FILE_MARK } from '../../admin/file-stream.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { personalOf } from '../../store/actor.ts';
import type { Exported } from './export-view.ts';
import { viewPartner } from '../partner/view.ts';
import { viewPgpKey } from '../../admin/pgp-views.ts';
import { usageView } from '../report/usage-rows.ts';
import { viewAccount, viewOrganisation } from '../../admin/views.ts';

const PAGE = 1000;

export async function exportOrganisation(
  context: AdminContext,
  name: string,
  messages: boolean,
  call: Call,
): Promise<Exported> {
  const { store } = context;
  if (call.send === undefined) throw new AdminError('invalid', 'Cannot give out files: the caller takes none');
  await organisationOf(store.registry, name);
  store.audit.note({
    event: 'evidence.export',
    outcome: 'success',
    facts: { organisation: name, messages },
    personal: personalOf(call.actor),
  });
  return await new OrganisationExport(context, name, call, call.send).run(messages);
}

/** The part of an account's data that belongs to the organisation. */
type Share = Omit<Belonging, 'summary'> & { readonly account: AccountId; readonly login: string };

class OrganisationExport {
  readonly #context: AdminContext;
  readonly #name: string;
  readonly #call: Call;
  readonly #send: (piece: string) => Promise<void>;
  readonly #missing: string[] = [];
  #files = 0;
  #rows = 0;
  #messages = 0;

  constructor(context: AdminContext, name: string, call: Call, send: (piece: string) => Promise<void>) {
    this.#context = context;
    this.#name = name;
    this.#call = call;
    this.#send = send;
  }

  async run(messages: boolean): Promise<Exported> {
    const belongings: Share[] = [];
    for await (const { summary, ...share } of belongingsOf(this.#context.store, this.#name))
      belongings.push({ account: summary.account.id, login: summary.account.login, ...share });
    const theirs = new Set(belongings.map(({ account }) => account));
    this.#context.gateway?.writeCounted((account) => account !== undefined && theirs.has(account));
    await this.#file('organisation.jsonl', this.#organisation());
    await this.#file(
      'accounts.jsonl',
      this.#each((summary) => [viewAccount(summary, this.#context.clock.now())]),
    );
    await this.#file('former-accounts.jsonl', this.#former());
    await this.#file(
      'certificates.jsonl',
      this.#each((summary) => this.#certificates(summary)),
    );
    await this.#file(
      'pgp-keys.jsonl',
      this.#each((summary) => this.#pgpKeys(summary)),
    );
    await this.#file(
      'partners.jsonl',
      this.#each((summary) => this.#partners(summary)),
    );
    await this.#file('edi-identities.jsonl', this.#identities());
    await this.#file(
      'absences.jsonl',
      this.#each((summary) => this.#absences(summary)),
    );
    await this.#file('usage.jsonl', this.#usage());
    await this.#file('messages.jsonl', this.#traces(belongings));
    await this.#file('audit.jsonl', this.#trail(belongings));
    if (messages) for await (const summary of this.#accounts()) await this.#mail(summary);
    const [organisation, files, rows] = [this.#name, this.#files, this.#rows];
    return { organisation, files, rows, messages: this.#messages, missing: this.#missing };
  }

  #accounts(): AsyncGenerator<AccountSummary, void, void> {
    return accountsOf(this.#context.store, this.#name);
  }

  async #begin(name: string): Promise<void> {
    this.#files += 1;
    await this.#send(`${FILE_MARK}${name}`);
  }

  async #file(name: string, rows: AsyncIterable<unknown>): Promise<void> {
    await this.#begin(name);
    for await (const row of rows) {
      this.#rows += 1;
      if (this.#rows % 500 === 0) this.#call.progress(this.#rows, 0);
      // The text is sent as the octets of its UTF-8, since the stream carries pieces of latin-1.
      await this.#sendText(`${JSON.stringify(row)}\n`);
    }
  }

  async #sendText(text: string): Promise<void> {
    const octets = Buffer.from(text);
    for (let at = 0; at < octets.length; at += PIECE) await this.#send(octets.toString('latin1', at, at + PIECE));
  }

  async *#former(): AsyncGenerator<unknown, void, void> {
    for await (const { summary, left } of formerOf(this.#context.store, this.#name))
      if (left !== undefined)
        yield { login: summary.account.login, until: new Date(left.at).toISOString(), organisation: left.to };
  }

  async *#organisation(): AsyncGenerator<unknown, void, void> {
    const found = await this.#context.store.registry.findOrganisation(this.#name);
    if (found !== undefined) yield viewOrganisation(found);
  }

  async *#each(
    rowsOf: (summary: AccountSummary) => Promise<readonly unknown[]> | readonly unknown[],
  ): AsyncGenerator<unknown, void, void> {
    for await (const summary of this.#accounts()) yield* await rowsOf(summary);
  }

  async #certificates({ account }: AccountSummary): Promise<readonly unknown[]> {
    const { store, clock } = this.#context;
    const records = await store.certificates.listCertificates({ limit: PAGE, login: account.login });
    return records.map((record) => {
      const read = readCertificate(Buffer.from(record.der));
      return { ...viewCertificate(record, clock.now()), pem: read.ok ? certificatePem(read.value) : undefined };
    });
  }

  async #pgpKeys({ account }: AccountSummary): Promise<readonly unknown[]> {
    const { store, clock } = this.#context;
    const records = await store.pgpKeys.list({ limit: PAGE, login: account.login });
    return records.map((record) => ({
      ...viewPgpKey(record, clock.now()),
      packets: Buffer.from(record.packets).toString('base64'),
    }));
  }

  async #partners({ account, addresses }: AccountSummary): Promise<readonly unknown[]> {
    const { store, partners } = this.#context;
    const partner = await partnerOf(store, account);
    if (partner === undefined) return [];
    const about = { organisation: this.#name, addresses: addresses.length, hostname: partners.hostname };
    return [viewPartner(partner, about)];
  }

  async *#identities(): AsyncGenerator<unknown, void, void> {
    yield* await this.#context.store.registry.listIdentities({ limit: PAGE, organisation: this.#name });
  }

  /**
   * The accounts and months in which something was done. Accounts that belong to another
   * organisation by now are included.
   */
  async *#usage(): AsyncGenerator<unknown, void, void> {
    const { registry, usage } = this.#context.store;
    const found = await registry.findOrganisation(this.#name);
    if (found === undefined) return;
    for (const month of await usage.months())
      for (let after: string | undefined; ;) {
        const page = await usage.of(found.id, month, { limit: PAGE, ...defined({ after }) });
        for (const row of page.rows)
          if (didSomething(row)) yield { month: isoMonth(month), ...usageView(this.#name, month, row) };
        if (page.next === undefined) break;
        after = page.next;
      }
  }

  async #absences({ addresses }: AccountSummary): Promise<readonly unknown[]> {
    const rows: unknown[] = [];
    for (const { address } of addresses)
      rows.push(...(await this.#context.store.registry.listAbsences({ limit: PAGE, endsAfter: instant(0), address })));
    return rows;
  }

  /**
   * The traces of every message that is still known and that one of the accounts sent or got, in
   * one walk over all messages.
   */
  async *#traces(belongings: readonly Share[]): AsyncGenerator<unknown, void, void> {
    const { deliveries } = this.#context.store;
    const partners = new Set<PartnerId>();
    for await (const { account } of this.#accounts()) {
      const partner = await partnerOf(this.#context.store, account);
      if (partner !== undefined) partners.add(partner.id);
    }
    const logins = new Map(belongings.map(({ account, login }) => [account, login]));
    // When an account left, its later mail went along. What came before is part of this export.
    const until = new Map<AccountId, number>();
    for (const { account, left } of belongings)
      until.set(account, Math.max(until.get(account) ?? 0, left?.at ?? Number.MAX_SAFE_INTEGER));
    const concerns = ({ submitter, recipients, receivedAt }: MessageRecord): boolean => {
      const its = (account: AccountId): boolean => receivedAt <= (until.get(account) ?? -1);
      return (
        its(submitter) ||
        recipients.some(
          ({ mailbox, partner }) =>
            (mailbox !== undefined && its(mailbox)) || (partner !== undefined && partners.has(partner)),
        )
      );
    };
    for (let before: MessageRecord['id'] | undefined; ;) {
      const query = { limit: PAGE, since: instant(0), ...defined({ before }) };
      const page = await deliveries.findMessages(query);
      for (const record of page)
        if (concerns(record)) yield { ...viewMessage(record, logins.get(record.submitter)), sha256: record.sha256 };
      before = page.at(-1)?.id;
      if (before === undefined || page.length < PAGE) return;
    }
  }

  async *#trail(belongings: readonly Share[]): AsyncGenerator<unknown, void, void> {
    for (const { account, login, after, upTo } of belongings)
      for (let from = after + 1; ;) {
        const rows = await this.#context.store.audit.read({ account, fromSeq: from, limit: PAGE });
        for (const row of rows)
          if (row.seq <= upTo) yield { seq: row.seq, ...viewEvent(row, login), message: row.message };
        const last = rows.at(-1);
        if (last === undefined || last.seq >= upTo || rows.length < PAGE) break;
        from = last.seq + 1;
      }
  }

  /** Reads the mail in the mailbox as a session would, and leaves it there. */
  async #mail({ account }: AccountSummary): Promise<void> {
    const { store } = this.#context;
    const lock = await store.lockMaildrop(account.id, { session: 'export', network: 'operator' });
    if (lock === 'in-use') {
      this.#missing.push(`The mailbox of ${account.login} was open; its messages are not here.`);
      return;
    }
    try {
      const listing = await store.listMaildrop(lock);
      for (let n = 0; n < listing.count; n += 1) await this.#message(store, lock, listing.uidOf(n));
    } finally {
      await store.releaseMaildrop(lock);
    }
  }

  async #message(
    store: Store,
    lock: Parameters<Store['openEntry']>[0],
    uid: Parameters<Store['openEntry']>[1],
  ): Promise<void> {
    const entry = await store.openEntry(lock, uid);
    await this.#begin(`mail/${lock.account}-${uid}-${entry.id}.eml`);
    for await (const slice of givenBack(entry)) {
      lock.renew();
      for (let at = 0; at < slice.length; at += PIECE)
        await this.#send(Buffer.from(slice.subarray(at, at + PIECE)).toString('latin1'));
    }
    this.#messages += 1;
  }
}
const didSomething = (row: MonthlyUsage): boolean => row.days > 0 || USAGE_COUNTS.some((name) => row[name] > 0);

const PIECE = 32 * 1024;
