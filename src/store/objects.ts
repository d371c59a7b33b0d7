/** What can be called in the store's threads, by subject: changes in the one that writes, reads in the one that reads. None of them has a state. */
import { AbsenceChanges } from './changes/absences.ts';
import { AccountImports } from './changes/account-imports.ts';
import { AccountChanges, ManyAccountChanges } from './changes/accounts.ts';
import { PasswordChanges } from './changes/passwords.ts';
import { SettingsChanges } from './changes/settings.ts';
import { SettingsReads } from './reads/settings.ts';
import { AccountMoveChanges } from './changes/account-moves.ts';
import { AddressChanges } from './changes/addresses.ts';
import { AuthorityChanges } from './changes/authorities.ts';
import { CertificateChanges } from './changes/certificates.ts';
import { ClientCertificateChanges } from './changes/client-certificates.ts';
import { EdiChanges } from './changes/edi-identities.ts';
import { EndingChanges } from './changes/endings.ts';
import { EnrolmentChanges } from './changes/enrolments.ts';
import { MailboxMoves } from './changes/mailbox-moves.ts';
import { MailKeyChanges } from './changes/mail-keys.ts';
import { ImportedMailChanges } from './changes/imported-mail.ts';
import { MaildropChanges } from './changes/maildrops.ts';
import { MessageErasureChanges } from './changes/message-erasure.ts';
import { QueueChanges } from './changes/queue.ts';
import { OperatorChanges } from './changes/operators.ts';
import { OrganisationMergeChanges } from './changes/organisation-merges.ts';
import { OrganisationErasure } from './changes/organisation-erasure.ts';
import { OrganisationChanges, OrganisationEnds } from './changes/organisations.ts';
import { PartnerChanges } from './changes/partners.ts';
import { PgpKeyChanges } from './changes/pgp-keys.ts';
import { QuirkChanges } from './changes/quirks.ts';
import { SweepChanges } from './changes/sweeps.ts';
import { UseChanges } from './changes/uses.ts';
import { AbsenceReads } from './reads/absences.ts';
import { AccountReads } from './reads/accounts.ts';
import { AddressReads } from './reads/addresses.ts';
import { CertificateReads } from './reads/certificates.ts';
import { DeliveryReads } from './reads/deliveries.ts';
import { EdiMemoryReads, EdiReads } from './reads/edi.ts';
import { FormerOrganisationReads } from './reads/former-organisations.ts';
import { ImportReads } from './reads/imports.ts';
import { MailboxReads } from './reads/mailboxes.ts';
import { MessageReads } from './reads/messages.ts';
import { MovingAccountReads } from './reads/moving-account.ts';
import { NetworkReads } from './reads/networks.ts';
import { OperatorReads } from './reads/operators.ts';
import { OrganisationReads } from './reads/organisations.ts';
import { PartnerReads } from './reads/partners.ts';
import { PgpKeyReads } from './reads/pgp-keys.ts';
import { QuirkReads } from './reads/quirks.ts';
import { RoadReads } from './reads/roads.ts';
import { TieReads } from './reads/ties.ts';
import { TrailReads } from './reads/trail.ts';
import { TrustReads } from './reads/trust.ts';
import { UsageReads } from './reads/usage.ts';
import type { Remote } from './sql/remote.ts';

/** Changes of the registry: of accounts, addresses and organisations, and of all that is registered of them. */
export const CHANGES = {
  absences: new AbsenceChanges(),
  accountImports: new AccountImports(),
  accounts: new AccountChanges(),
  passwords: new PasswordChanges(),
  settings: new SettingsChanges(),
  addresses: new AddressChanges(),
  authorities: new AuthorityChanges(),
  certificates: new CertificateChanges(),
  clientCertificates: new ClientCertificateChanges(),
  edi: new EdiChanges(),
  endings: new EndingChanges(),
  enrolments: new EnrolmentChanges(),
  mailKeys: new MailKeyChanges(),
  manyAccounts: new ManyAccountChanges(),
  merges: new OrganisationMergeChanges(),
  movingAccount: new AccountMoveChanges(),
  operators: new OperatorChanges(),
  organisationErasure: new OrganisationErasure(),
  organisationEnds: new OrganisationEnds(),
  organisations: new OrganisationChanges(),
  partners: new PartnerChanges(),
  pgpKeys: new PgpKeyChanges(),
};

/** Changes that leave accounts, addresses and organisations alone. How far each reaches is said beside (sqlite/manners.ts). */
export const MAIL_CHANGES = {
  mailboxMoves: new MailboxMoves(),
  importedMail: new ImportedMailChanges(),
  maildrops: new MaildropChanges(),
  messageErasure: new MessageErasureChanges(),
  queue: new QueueChanges(),
  quirks: new QuirkChanges(),
  sweeps: new SweepChanges(),
  uses: new UseChanges(),
};

export const READS = {
  absences: new AbsenceReads(),
  accounts: new AccountReads(),
  addresses: new AddressReads(),
  settings: new SettingsReads(),
  certificates: new CertificateReads(),
  deliveries: new DeliveryReads(),
  edi: new EdiReads(),
  ediMemory: new EdiMemoryReads(),
  formerOrganisations: new FormerOrganisationReads(),
  imports: new ImportReads(),
  mailboxes: new MailboxReads(),
  messages: new MessageReads(),
  movingAccount: new MovingAccountReads(),
  networks: new NetworkReads(),
  operators: new OperatorReads(),
  organisations: new OrganisationReads(),
  partners: new PartnerReads(),
  pgpKeys: new PgpKeyReads(),
  quirks: new QuirkReads(),
  roads: new RoadReads(),
  ties: new TieReads(),
  trail: new TrailReads(),
  trust: new TrustReads(),
  usage: new UsageReads(),
};

type Of<T, K> = K extends keyof T ? T[K] : object;
/** The same as whoever asks has them: by subject, the methods of all. No method of a subject is in two of them. */
export type Subjects = {
  readonly [K in keyof (typeof CHANGES & typeof MAIL_CHANGES & typeof READS)]: Remote<
    Of<typeof CHANGES, K> & Of<typeof MAIL_CHANGES, K> & Of<typeof READS, K>
  >;
};
