/** Every page of the console, by area. */
import type { Page } from './core/page.ts';
import { breakGlassPages } from './login/break-glass-pages.ts';
import { federatedPages } from './login/federated-pages.ts';
import { logInPages } from './login/pages.ts';
import { filePages } from '../web/look/files.ts';
import { account } from './pages/account.ts';
import { OF_ADDRESS } from './pages/address-deeds.ts';
import { accountMessages } from './pages/account-messages.ts';
import { approvalPages } from './pages/approvals.ts';
import { certificatePages } from './pages/certificates.ts';
import { DEEDS, deedPages } from './pages/deeds.ts';
import { directory } from './pages/directory.ts';
import { EVIDENCE, MESSAGE_DEEDS } from './pages/message-deeds.ts';
import { importPages } from './pages/imports.ts';
import { message } from './pages/message.ts';
import { OPERATOR_DEEDS, operatorPages } from './pages/operators.ts';
import { ADD_ORGANISATION, OF_ORGANISATION } from './pages/organisation-deeds.ts';
import { organisation } from './pages/organisation.ts';
import { registers } from './pages/registers.ts';
import { identityPages } from './pages/identities.ts';
import { listPages } from './pages/lists.ts';
import { partnerPages } from './pages/partners.ts';
import { queuePages } from './pages/queue.ts';
import { search } from './pages/search.ts';
import { settingPages } from './pages/settings.ts';
import { style } from './pages/style.ts';
import { deedPagesOf } from './parts/deed-pages.ts';
import { today } from './pages/today.ts';
import { registerPages } from './parts/register.ts';
import { trailPages } from './pages/trail.ts';
import { webhookPages } from './pages/webhooks.ts';

export const CONSOLE_PAGES: readonly Page[] = [
  ...filePages,
  ...logInPages,
  ...federatedPages,
  ...breakGlassPages,
  today,
  search,
  account,
  accountMessages,
  ...deedPages,
  organisation,
  ...deedPagesOf([ADD_ORGANISATION, ...OF_ORGANISATION, ...OF_ADDRESS]),
  message,
  ...deedPagesOf(MESSAGE_DEEDS),
  ...queuePages,
  registers,
  ...listPages,
  ...registerPages(directory),
  ...approvalPages([...OPERATOR_DEEDS, ...DEEDS, ...OF_ORGANISATION, ...OF_ADDRESS, EVIDENCE]),
  ...operatorPages,
  ...identityPages,
  ...partnerPages,
  ...certificatePages,
  ...trailPages,
  ...webhookPages,
  ...settingPages,
  ...importPages,
  style,
];
