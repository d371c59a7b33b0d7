/** The reads that can be called in the thread that reads, by subject. None of them has a state. */
import { AbsenceReads } from './absences.ts';
import { AccountReads } from './accounts.ts';
import { AddressReads } from './addresses.ts';
import { AvailabilityReads } from './availability.ts';
import { BreakGlassReads } from './break-glass.ts';
import { CertificateReads } from './certificates.ts';
import { ConsoleReads } from './console.ts';
import { DayKeyReads } from './day-keys.ts';
import { DeliveryReads } from './deliveries.ts';
import { DirectoryReads } from './directory.ts';
import { EdiMemoryReads, EdiReads } from './edi.ts';
import { FormerOrganisationReads } from './former-organisations.ts';
import { IdentityReads } from './identities.ts';
import { ImportReads } from './imports.ts';
import { MailboxReads } from './mailboxes.ts';
import { MessageReads } from './messages.ts';
import { MovingAccountReads } from './moving-account.ts';
import { NetworkReads } from './networks.ts';
import { OperatorReads } from './operators.ts';
import { OrganisationReads } from './organisations.ts';
import { PartnerReads } from './partners.ts';
import { PgpKeyReads } from './pgp-keys.ts';
import { QuirkReads } from './quirks.ts';
import { RoadReads } from './roads.ts';
import { SelfServiceReads } from './self-service.ts';
import { SettingsReads } from './settings.ts';
import { ReferenceReads } from './references.ts';
import { TakeoverReads } from './takeovers.ts';
import { TrailReads } from './trail.ts';
import { TrustReads } from './trust.ts';
import { UsageReads } from './usage.ts';
import { WebhookReads } from './webhooks.ts';

export const READS = {
  absences: new AbsenceReads(),
  accounts: new AccountReads(),
  addresses: new AddressReads(),
  settings: new SettingsReads(),
  availability: new AvailabilityReads(),
  breakGlass: new BreakGlassReads(),
  selfService: new SelfServiceReads(),
  certificates: new CertificateReads(),
  console: new ConsoleReads(),
  dayKeys: new DayKeyReads(),
  deliveries: new DeliveryReads(),
  directory: new DirectoryReads(),
  edi: new EdiReads(),
  ediMemory: new EdiMemoryReads(),
  formerOrganisations: new FormerOrganisationReads(),
  identities: new IdentityReads(),
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
  references: new ReferenceReads(),
  takeovers: new TakeoverReads(),
  trail: new TrailReads(),
  trust: new TrustReads(),
  usage: new UsageReads(),
  webhooks: new WebhookReads(),
};
