/** The letter before a certificate ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateNotice } from '../../src/notices/certificates.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { AccountCertificate } from '../../src/store/certificates.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';

async function warn(region: Region, login: string, daysLeft: number, more: Partial<AccountCertificate> = {}) {
  const { store, clock, noticeWriter } = region;
  const account = (await store.registry.findAccount(login))!.account.id;
  const certificate = {
    ...{ account, login, use: 'login', serial: '41294242f2c830', fingerprint: 'f'.repeat(64) },
    subject: 'CN=Praktijk De Brug, O=Zorggroep, C=NL',
    notAfter: instant(clock.now() + days(daysLeft)),
    ...more,
  } as AccountCertificate;
  const notice = await certificateNotice(noticeWriter, { certificate, due: 30, daysLeft });
  await store.accept(notice!.acceptance);
  await notice!.discard();
}

test('the warning says in both languages what stops working and what to do, once', async (t) => {
  const region = await openRegion(t);
  for (let i = 0; i < 2; i += 1) await warn(region, 'huisarts@brug.test', 30);
  await warn(region, 'huisarts@brug.test', 0, {
    ...{ use: 'mail', fingerprint: 'e'.repeat(64) },
    subject: 'CN=Huisarts Zoë\r\nBcc: evil@x\r\n\r\n.\r\n',
  });
  const notices = await filed(region.store, 'huisarts@brug.test');
  assert.equal(notices.length, 2);
  matchesGolden('certificate-login.eml', notices[0]!);
  matchesGolden('certificate-mail.eml', notices[1]!);
  assert.doesNotMatch(notices[1]!, /^Bcc/m);
});
