/** The steps that a submitted message passes before it is accepted, in their order. */
import { randomBytes } from 'node:crypto';
import { helpdeskOf } from '../config/helpdesk.ts';
import type { Config } from '../config/schema.ts';
import type { NoticeWriter } from '../notices/notice-writer.ts';
import { type Held, heldNotices } from '../notices/held.ts';
import type { Log, RandomBytes } from '../domain/effects.ts';
import { Chain } from '../middleware/chain.ts';
import { ediBoxes } from '../middleware/edi-boxes.ts';
import { ediContrl } from '../middleware/edi-contrl.ts';
import { type HeldCopy, ediGuard } from '../middleware/edi-guard.ts';
import type { Middleware } from '../middleware/middleware.ts';
import type { GatewayMail } from './mail.ts';
import { pgpOpen } from '../protection/pgp-open.ts';
import { pgpVerify } from '../protection/pgp-verify.ts';
import { protect } from '../protection/protect.ts';
import { scanOpened } from '../scan/opened.ts';
import { type ScanParts, scan } from '../scan/step.ts';
import { smimeOpen } from '../protection/smime-open.ts';
import { smimeVerify } from '../protection/smime-verify.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Store } from '../store/port/store.ts';
import { policyOf } from './scan.ts';

export interface MiddlewareEffects {
  readonly log: Log;
  readonly random?: RandomBytes;
  readonly noticeWriter: NoticeWriter;
  /** Left out: nothing is scanned. */
  readonly scanner?: Scanner | undefined;
}

/**
 * The order of the steps. The scan for malware comes first, so that nobody gets a notice about a
 * refused message. EDI is examined as it was submitted. Then signatures are verified, then messages
 * are opened that the gateway may open, and then the others are protected, with S/MIME or PGP.
 */
export function gatewayMiddleware(
  store: Store,
  { keys, pgp }: Pick<GatewayMail, 'keys' | 'pgp'>,
  config: Pick<Config, 'hostname' | 'notices' | 'helpdesk' | 'smtp' | 'scan'>,
  { log, random = randomBytes, noticeWriter, scanner }: MiddlewareEffects,
): Chain {
  const { hostname, smtp } = config;
  const helpdesk = helpdeskOf(config);
  const maxContent = smtp['max-message'];
  const scanning: ScanParts | undefined =
    scanner === undefined
      ? undefined
      : { scanner, policy: policyOf(config.scan), keys, audit: store.audit, log, maxContent };
  const opening = {
    random,
    log,
    authserv: hostname,
    helpdesk,
    maxContent,
    ...(scanning !== undefined && { scan: scanOpened(scanning) }),
  };
  return new Chain(store, [
    ...(scanning === undefined ? [] : [scan(scanning)]),
    ...ediSteps({ store, log, noticeWriter }),
    smimeVerify({ keys, authserv: hostname }),
    pgpVerify({ ...pgp, authserv: hostname }),
    smimeOpen({ keys, ...opening }),
    pgpOpen({ ...pgp, ...opening }),
    protect({ keys, pgp, random, log }),
  ]);
}

interface EdiParts {
  readonly store: Store;
  readonly log: Log;
  readonly noticeWriter: NoticeWriter;
}

/** The steps that examine interchanges. The sender of a message that they hold gets a notice. */
export const ediSteps = ({ store, log, noticeWriter }: EdiParts): readonly Middleware[] => [
  ediGuard({ store, log, heldNotices: (held) => heldNotices(noticeWriter, heldOf(held)) }),
  ediBoxes({ store, log }),
  ediContrl,
];

function heldOf({ message, held, findings }: HeldCopy): Held {
  const { body, messageId, receivedAt, sender, submitter } = message;
  return {
    id: body.id,
    messageIdField: messageId,
    receivedAt,
    sender,
    submitter: submitter.account,
    recipients: held.map(({ to }) => to.substituteFor ?? to.address),
    reasons: findings.map(({ text }) => text),
  };
}
