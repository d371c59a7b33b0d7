/**
 * Who may do what over the API, written by hand from docs/commands.md and docs/api.md. Nothing here
 * is read from the program: a right that is changed by mistake in the command table must contradict
 * something.
 */
import type { Role } from '../../src/domain/roles.ts';

export interface Stated {
  /** `account`: an account, for what is its own. `either`: an account, or an operator. */
  readonly who: 'nobody' | 'account' | 'operator' | 'either';
  /** Roles of operators that may. */
  readonly roles: readonly Role[];
  /** An operator of one organisation may, for what his organisation owns. */
  readonly within: boolean;
}

const EVERY: readonly Role[] = ['read', 'support', 'registry', 'security', 'owner'];
const HELPDESK: readonly Role[] = ['support', 'registry', 'security', 'owner'];
const REGISTRARS: readonly Role[] = ['registry', 'owner'];
const GUARDS: readonly Role[] = ['security', 'owner'];

const STATED: readonly (Stated & { readonly ids: string })[] = [
  { who: 'nobody', roles: [], within: false, ids: 'getOpenApiDocument getDocumentPage' },
  {
    ...{ who: 'account', roles: [], within: false },
    ids: `sendMessage listMessages getMessage listMailboxMessages getMailboxMessage deleteMailboxMessage
      getMailboxMessageContent getMailboxMessagePart restoreMailboxMessage createClaim getClaim getClaimMessages
      deleteClaim renewClaim acknowledgeClaim listOwnWebhooks addOwnWebhook showOwnWebhook changeOwnWebhook
      endOwnWebhook testOwnWebhook resumeOwnWebhook rotateOwnWebhookSecret listOwnAppPasswords addOwnAppPassword
      endOwnAppPassword`,
  },
  // The directory is for whoever has a login: it is made for looking up others.
  { who: 'either', roles: EVERY, within: true, ids: 'listDirectory' },
  // What is registered, states and counts.
  {
    ...{ who: 'operator', roles: EVERY, within: true },
    ids: `showOrganisation searchOrganisation listAccounts showAccount searchAccount showAccountActivity
      listAccountCertificates quirksAccount listAccountPasswords listAccountAppPasswords listAddresses showAddress
      searchAddress listAbsences listEdiIdentities listWebhooks showWebhook`,
  },
  {
    ...{ who: 'operator', roles: EVERY, within: false },
    ids: `showGateway showFigures showFindings listGatewaySettings listOrganisations listConsents listPartners
      showPartner listScanExemptions listPartnerQueues certificateEvidence listOperators rolesOperator listApprovals
      showApproval signApproval listCertificates showCert showCertCapability testSmime listPgpKeys`,
  },
  // The helpdesk: who mailed with whom, sessions, the queue, and stopping what does harm.
  {
    ...{ who: 'operator', roles: HELPDESK, within: true },
    ids: `suspendAccount containAccount removeAccountPassword endAccountAppPassword restoreMailbox consumersMailbox`,
  },
  {
    ...{ who: 'operator', roles: HELPDESK, within: false },
    ids: `listAccountMessages revokeAccountCertificate testPartner listSessions endSession showDelivery holdDelivery releaseDelivery
      retryDelivery listDeliveries searchTraces showTrace repeatReceipts`,
  },
  // Registering, changing and ending.
  {
    ...{ who: 'operator', roles: REGISTRARS, within: true },
    ids: `resumeAccount setAccount addAccountPassword addAccountAppPassword endAccount setAddress suspendAddress
      resumeAddress endAddress delegateAddress removeAddressDelegate addAddressAbsence endAddressAbsence addWebhook
      changeWebhook testWebhook pauseWebhook resumeWebhook rotateWebhookSecret endWebhook`,
  },
  {
    ...{ who: 'operator', roles: REGISTRARS, within: false },
    ids: `addOrganisation setOrganisation suspendOrganisation resumeOrganisation endOrganisation addOrganisationEdi
      importOrganisationEdi removeOrganisationEdi addAccount addAccountCertificate moveAccount addAddress
      importAddressAbsence addAddressConsent suspendPartner resumePartner endPartner`,
  },
  // Certificates, keys, the trail and operators.
  {
    ...{ who: 'operator', roles: GUARDS, within: false },
    ids: `addScanExemption endScanExemption withdrawMessage listAuditRows addOperatorToken listOperatorTokens
      endOperatorToken revokeCert issueCert enrolCert revokePgpKey`,
  },
];

/** By the operationId of the route. */
export const RIGHTS_STATED: ReadonlyMap<string, Stated> = new Map(
  STATED.flatMap(({ ids, ...stated }) => ids.split(/\s+/).map((id) => [id, stated] as const)),
);
