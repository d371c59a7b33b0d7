/**
 * A small region for tests of notices: a practice, a laboratory whose system sends, a hospital with
 * its own mail server, and an operator.
 *
 * The addresses: huisarts@brug.test (people), edi@brug.test (a system), lab@lab.test (a system)
 * with the contact balie@lab.test, arts@ziekenhuis.test (a partner).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { NoticeWriter, type NoticeWriterParts } from '../../src/notices/notice-writer.ts';
import { type Address, addressKey } from '../../src/domain/address.ts';
import { minutes, octets } from '../../src/domain/units.ts';
import type { Claim, MessageRecord } from '../../src/store/deliveries.ts';
import type { Acceptance, AcceptedRecipient } from '../../src/store/acceptance.ts';
import { type Cleanup, type TestStore, address, openTestStore, sealBody } from './store.ts';

const actor = { name: 'test' };

export interface Region extends TestStore {
  readonly noticeWriter: NoticeWriter;
  /** Accepts a message as submission would. Resolves to what the store knows of it. */
  send(more?: Partial<Sent>): Promise<MessageRecord>;
  /** Claims what waits for the hospital. `pass`: lets time pass first. */
  claim(): Promise<Claim>;
}

export interface Sent {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: string;
  readonly notify: readonly string[];
  readonly originalRecipient: string;
  readonly receipt: true;
  readonly substituteFor: Address;
  readonly envelope: Partial<Acceptance['envelope']>;
}

export const CONTENT = [
  'From: Huisartsenpraktijk De Brug <huisarts@brug.test>',
  'To: <arts@ziekenhuis.test>',
  'Subject: =?utf-8?Q?Verwijzing_mevrouw_Zo=C3=AB?=',
  'Date: Wed, 25 Nov 2026 12:00:00 +0000',
  'Message-ID: <verwijzing-1@brug.test>',
  '',
  'Geachte collega,',
  '',
].join('\r\n');

export async function openRegion(t: Cleanup, more: Partial<NoticeWriterParts> = {}): Promise<Region> {
  const s = await openTestStore(t);
  const { registry } = s.store;
  const organisation = async (name: string, title: string, given: object = {}): Promise<void> =>
    registry.addOrganisation({ name, title, language: 'nl', ...given }, actor).then(() => undefined);
  const account = async (login: string, of: string, kind: 'mail' | 'edi'): Promise<void> =>
    registry.addAccount({ login, organisation: of, kind, addresses: [address(login)] }, actor).then(() => undefined);
  await organisation('brug', 'Huisartsenpraktijk De Brug', { telephone: '020 123 45 67' });
  await organisation('lab', 'Streeklaboratorium', { contact: 'balie@lab.test' });
  await organisation('ziekenhuis', 'Ziekenhuis Oost', { language: 'en' });
  await account('huisarts@brug.test', 'brug', 'mail');
  await account('edi@brug.test', 'brug', 'edi');
  await account('lab@lab.test', 'lab', 'edi');
  await account('balie@lab.test', 'lab', 'mail');
  const server = { host: 'mx.ziekenhuis.test', port: 25, tls: 'starttls', connections: 2 } as const;
  const partner = await registry.addPartner(
    { name: 'ziekenhuis', organisation: 'ziekenhuis', login: 'ziekenhuis', server },
    actor,
  );
  await registry.addAddress('ziekenhuis', address('arts@ziekenhuis.test'), actor);

  const noticeWriter = new NoticeWriter({
    store: s.store,
    clock: s.clock,
    log: s.log,
    random: randomBytes,
    hostname: 'mail.test',
    operator: address('postmaster@mail.test'),
    returnLimit: octets(4096),
    ...more,
  });

  const recipient = async (to: string, sent: Partial<Sent>): Promise<AcceptedRecipient> => {
    const found = await registry.findRecipient(addressKey(address(to)));
    const { notify, originalRecipient, receipt, substituteFor } = sent;
    return {
      address: address(to),
      ...(notify && { notify }),
      ...(originalRecipient !== undefined && { originalRecipient }),
      ...(receipt && { receipt }),
      ...(substituteFor !== undefined && { substituteFor }),
      ...(found?.partner === undefined ? { mailbox: found!.account.id } : { partner: found.partner.id }),
    };
  };

  return {
    ...s,
    noticeWriter,
    send: async (sent = {}) => {
      const from = sent.from ?? 'huisarts@brug.test';
      const body = await sealBody(s.store, Buffer.from(sent.content ?? CONTENT));
      const submitter = (await registry.findRecipient(addressKey(address(from || 'huisarts@brug.test'))))!.account.id;
      const to = sent.to ?? ['arts@ziekenhuis.test'];
      const outcome = await s.store.accept({
        body,
        receivedAt: s.clock.now(),
        submitter,
        sender: from === '' ? '' : address(from),
        messageIdField: 'verwijzing-1@brug.test',
        envelope: { body: '7BIT', smtpUtf8: false, ...sent.envelope },
        recipients: await Promise.all(to.map((r) => recipient(r, sent))),
        audit: [],
      });
      if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
      const record = await s.store.deliveries.findMessage(body.id);
      return record!;
    },
    claim: async () => {
      const [claim] = await s.store.deliveries.claim(partner, 1, minutes(10));
      return claim!;
    },
  };
}

/** A notice for a golden file: what differs from run to run gets a name. */
export function golden(message: string): string {
  const ids: string[] = [];
  return message
    .replace(/\b[0-7][0-9a-hjkmnp-tv-z]{12}-[0-9a-f]{30}\b/g, 'BOUNDARY')
    .replace(/\b[0-7][0-9a-hjkmnp-tv-z]{12}\b/g, (id) => {
      if (!ids.includes(id)) ids.push(id);
      return `id-number-${ids.indexOf(id) + 1}`.padEnd(13, '.');
    });
}

/**
 * Compares with the golden file, which it writes if there is none. To renew one, read what differs,
 * delete the file and run the test.
 */
export function matchesGolden(name: string, message: string): void {
  const file = new URL(`../../test/golden/notices/${name}`, import.meta.url);
  if (!existsSync(file)) writeFileSync(file, golden(message));
  assert.equal(golden(message), readFileSync(file, 'utf8'));
  for (const line of message.split('\r\n')) {
    assert(line.length <= 998, line);
    assert.doesNotMatch(line, /[\r\n]/);
  }
}
