/** What each subject needs besides what all share. */
import { account } from './account.ts';
import { audit } from './audit.ts';
import { address } from './address.ts';
import { mailbox } from './mailbox.ts';
import { approve, operator } from './operator.ts';
import { organisation } from './organisation.ts';
import { partner } from './partner.ts';
import { notice } from './notice.ts';
import { cert } from './cert.ts';
import { pgp } from './pgp.ts';
import { check } from './check.ts';
import { message, trace } from './message.ts';
import { queue } from './queue.ts';
import { report } from './report.ts';
import { backup, drill } from './backup.ts';
import { key } from './key.ts';
import type { SubjectScene } from './scene.ts';
import { dev, init, restore, serve, store } from './store.ts';
import { smime } from './smime.ts';
import { doctor } from './doctor.ts';
import { scan } from './scan.ts';
import { site } from './site.ts';
import { statement } from './statement.ts';
import { takeover } from './takeover.ts';
import { webhook } from './webhook.ts';

export const scenes: Readonly<Record<string, SubjectScene>> = {
  backup,
  drill,
  check,
  account,
  audit,
  address,
  key,
  approve,
  mailbox,
  operator,
  organisation,
  partner,
  report,
  notice,
  cert,
  smime,
  pgp,
  message,
  queue,
  trace,
  serve,
  dev,
  init,
  store,
  restore,
  webhook,
  scan,
  site,
  doctor,
  statement,
  takeover,
};
