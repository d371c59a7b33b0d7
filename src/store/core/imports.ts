/** The imports' port on SQLite. */
import { isUidl } from '../../domain/uidl.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { AuditEvent } from '../audit.ts';
import { type ImportOutcome, type ImportedEntry, MAX_IMPORTED_AT_ONCE } from '../imports.ts';
import type { Imports } from '../port/mail.ts';
import type { Subjects } from '../objects.ts';
import { OPERATOR } from '../acceptance.ts';
import type { Audit } from './audit.ts';
import type { Bodies } from './bodies.ts';

export interface ImportParts {
  readonly importedMail: Subjects['importedMail'];
  readonly bodies: Bodies;
  readonly audit: Audit;
}

export class CoreImports implements Omit<Imports, keyof Subjects['imports']> {
  readonly #p: ImportParts;

  constructor(parts: ImportParts) {
    this.#p = parts;
  }

  async file(
    account: AccountId,
    entries: readonly ImportedEntry[],
    audit: readonly AuditEvent[],
  ): Promise<ImportOutcome> {
    check(entries);
    const { bodies, importedMail } = this.#p;
    const work = entries.map((entry) => ({
      message: bodies.workOf({
        body: entry.body,
        receivedAt: entry.receivedAt,
        submitter: OPERATOR,
        sender: entry.sender,
        messageIdField: entry.messageIdField,
        envelope: { body: '8BITMIME', smtpUtf8: false },
        recipients: [{ address: entry.recipient, mailbox: account }],
        parts: entry.parts,
        audit: [],
        system: true,
      }),
      uidl: entry.uidl,
      fetched: entry.fetched,
    }));
    const outcome = await importedMail.file(account, work, this.#p.audit.items(audit));
    if (outcome.kind === 'filed') bodies.filed(work.map(({ message }) => message.id));
    return outcome;
  }
}

function check(entries: readonly ImportedEntry[]): void {
  if (entries.length < 1 || entries.length > MAX_IMPORTED_AT_ONCE)
    throw new RangeError(`A batch has ${entries.length} messages; expected 1 to ${MAX_IMPORTED_AT_ONCE}`);
  for (const { uidl } of entries)
    if (!isUidl(uidl))
      throw new RangeError(`The UIDL "${uidl}" cannot be given out; expected 1 to 70 visible characters`);
}
