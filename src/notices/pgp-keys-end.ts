/**
 * Warns the owners of OpenPGP keys that end: 60, 30 and 7 days before, as of certificates. After
 * its end others can no longer encrypt to it.
 *
 * What was warned of is known by the letters' keys, so a round that is repeated says nothing twice.
 */
import { WARNING_DAYS, daysLeft, dueWarning } from '../crypto/certificates/certificate-expiry.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { days } from '../domain/units.ts';
import { type Letters, dayText, facts, lines, text } from '../letters/letter.ts';
import type { PgpKeyRecord } from '../store/pgp-keys.ts';
import type { PgpKeys } from '../store/port/certificates.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';

export interface PgpKeysEndParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept'> & {
    readonly pgpKeys: Pick<PgpKeys, 'list' | 'findMail'>;
    readonly deliveries: Pick<Deliveries, 'usedKeys'>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

const PAGE = 200;

/** One round over all keys, page by page; answers how many owners were told. */
export async function warnOfPgpKeys(parts: PgpKeysEndParts, stopped: () => boolean = () => false): Promise<number> {
  let told = 0;
  let after: string | undefined;
  for (;;) {
    const page = await parts.store.pgpKeys.list({ limit: PAGE, ...defined({ after }) });
    for (const key of page) {
      if (stopped()) return told;
      if (await warn(parts, key)) told += 1;
    }
    after = page.at(-1)?.fingerprint;
    if (page.length < PAGE) return told;
  }
}

async function warn({ noticeWriter, store, clock, log }: PgpKeysEndParts, key: PgpKeyRecord): Promise<boolean> {
  const { fingerprint, encryptsUntil: notAfter, revoked, account, login } = key;
  const now = clock.now();
  if (revoked !== undefined || notAfter <= now || notAfter > now + days(WARNING_DAYS[0])) return false;
  const onceOf = (day: number): string => `pgp-key:${fingerprint}:${notAfter}:${day}`;
  const used = new Set(await store.deliveries.usedKeys(WARNING_DAYS.map(onceOf)));
  const warned = WARNING_DAYS.filter((day) => used.has(onceOf(day)));
  const due = dueWarning({ notAfter, warned, replaced: await isOutlived(store.pgpKeys, key) }, now);
  if (due === undefined) return false;
  log.warn('pgp-key.ends', { account: login, fingerprint, ends: new Date(notAfter).toISOString(), days: due });
  const notice = await noticeWriter.letter(await noticeWriter.places.ofAccount(account), {
    kind: `pgp-key-ends-${due}`,
    once: onceOf(due),
    letters: lettersOf(key, daysLeft(notAfter, now)),
  });
  if (notice === undefined) return false;
  return (await store.accept(notice.acceptance).finally(() => notice.discard())).kind === 'filed';
}

/** True if each address of the key has another key of the account that is valid for longer. */
export async function isOutlived(keys: Pick<PgpKeys, 'findMail'>, key: PgpKeyRecord): Promise<boolean> {
  for (const email of key.emails) {
    const others = await keys.findMail(addressKey(email as Address));
    const longer = others.some(
      (o) => o.account === key.account && o.revoked === undefined && o.encryptsUntil > key.encryptsUntil,
    );
    if (!longer) return false;
  }
  return key.emails.length > 0;
}

function lettersOf({ login, fingerprint, encryptsUntil }: PgpKeyRecord, left: number): Letters {
  const nl = left === 0 ? 'vandaag' : left === 1 ? 'over 1 dag' : `over ${left} dagen`;
  const en = left === 0 ? 'today' : left === 1 ? 'in 1 day' : `in ${left} days`;
  return {
    nl: {
      subject: `Uw OpenPGP-sleutel verloopt ${nl}`,
      blocks: [
        text(`Deze OpenPGP-sleutel verloopt ${nl}, op ${dayText(encryptsUntil, 'nl')}:`),
        lines(login),
        text('Daarna kunnen anderen u er geen versleutelde berichten meer mee sturen.'),
        text(
          'Wat u moet doen: geef dit bericht aan degene die uw systeem beheert. Verleng de sleutel of maak een nieuwe, en geef de helpdesk de openbare sleutel.',
        ),
        facts('Het gaat om deze sleutel:', [['Vingerafdruk', fingerprint]]),
      ],
    },
    en: {
      subject: `Your OpenPGP key expires ${en}`,
      blocks: [
        text(`This OpenPGP key expires ${en}, on ${dayText(encryptsUntil, 'en')}:`),
        lines(login),
        text('After that others cannot send you messages encrypted to it.'),
        text(
          'What to do: give this message to the person who looks after your system. Extend the key or make a new one, and give the helpdesk the public key.',
        ),
        facts('It is about this key:', [['Fingerprint', fingerprint]]),
      ],
    },
  };
}
