/**
 * The changes that can be called in the thread that writes, by subject. None of them has a state.
 */
import { AbsenceChanges } from './absences.ts';
import { AccountChanges, ManyAccountChanges } from './accounts.ts';
import { AccountImports } from './account-imports.ts';
import { AccountMoveChanges } from './account-moves.ts';
import { AddressChanges } from './addresses.ts';
import { AppPasswordChanges } from './app-passwords.ts';
import { AvailabilityChanges } from './availability.ts';
import { AuthorityChanges } from './authorities.ts';
import { BreakGlassChanges } from './break-glass.ts';
import { CertificateChanges } from './certificates.ts';
import { ClientCertificateChanges } from './client-certificates.ts';
import { ConsoleChanges } from './console.ts';
import { DirectoryChanges } from './directory.ts';
import { EdiChanges } from './edi-identities.ts';
import { EndingChanges } from './endings.ts';
import { EnrolmentChanges } from './enrolments.ts';
import { IdentityChanges } from './identities.ts';
import { IdempotencyChanges } from './idempotency.ts';
import { ImportedMailChanges } from './imported-mail.ts';
import { MailKeyChanges } from './mail-keys.ts';
import { MailboxMoves } from './mailbox-moves.ts';
import { MaildropChanges } from './maildrops.ts';
import { MessageErasureChanges } from './message-erasure.ts';
import { OperatorChanges } from './operators.ts';
import { OrganisationChanges, OrganisationEnds } from './organisations.ts';
import { OrganisationErasure } from './organisation-erasure.ts';
import { OrganisationMergeChanges } from './organisation-merges.ts';
import { PartnerChanges } from './partners.ts';
import { PasswordChanges } from './passwords.ts';
import { PgpKeyChanges } from './pgp-keys.ts';
import { QueueChanges } from './queue.ts';
import { QuirkChanges } from './quirks.ts';
import { SelfServiceChanges } from './self-service.ts';
import { SettingsChanges } from './settings.ts';
import { SweepChanges } from './sweeps.ts';
import { TakeoverChanges } from './takeovers.ts';
import { UseChanges } from './uses.ts';
import { WebhookChanges, WebhookProgressChanges } from './webhooks.ts';

/**
 * Changes of the registry: of accounts, addresses and organisations, and of all that is registered
 * of them.
 */
export const CHANGES = {
  absences: new AbsenceChanges(),
  accountImports: new AccountImports(),
  accounts: new AccountChanges(),
  appPasswords: new AppPasswordChanges(),
  passwords: new PasswordChanges(),
  settings: new SettingsChanges(),
  addresses: new AddressChanges(),
  authorities: new AuthorityChanges(),
  breakGlass: new BreakGlassChanges(),
  selfService: new SelfServiceChanges(),
  certificates: new CertificateChanges(),
  clientCertificates: new ClientCertificateChanges(),
  console: new ConsoleChanges(),
  directory: new DirectoryChanges(),
  edi: new EdiChanges(),
  endings: new EndingChanges(),
  enrolments: new EnrolmentChanges(),
  identities: new IdentityChanges(),
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
  webhooks: new WebhookChanges(),
};

/**
 * Changes that leave accounts, addresses and organisations alone. How far each reaches is said
 * beside (core/manners.ts).
 */
export const MAIL_CHANGES = {
  availability: new AvailabilityChanges(),
  idempotency: new IdempotencyChanges(),
  mailboxMoves: new MailboxMoves(),
  importedMail: new ImportedMailChanges(),
  maildrops: new MaildropChanges(),
  messageErasure: new MessageErasureChanges(),
  queue: new QueueChanges(),
  quirks: new QuirkChanges(),
  sweeps: new SweepChanges(),
  takeovers: new TakeoverChanges(),
  uses: new UseChanges(),
  webhookProgress: new WebhookProgressChanges(),
};
