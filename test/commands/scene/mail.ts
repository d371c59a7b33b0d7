/** Mail that examples are about: huisarts sends it. */
import { fetchAll } from '../../support/mail.ts';
import { SmtpClient } from '../../support/smtp-client.ts';
import type { Step } from './scene.ts';

const PASSWORD = 'mercury-harbour-62-lantern';

/** For `files`, and once in `begin`. */
export const passwordFile = { 'mail-password.txt': `${PASSWORD}\n` };
export const mayLogIn: Step = 'account password add huisarts --name mail --password-file mail-password.txt';

/** What waits for huisarts is fetched and deleted. */
export const fetches: Step = async (scene) => {
  await fetchAll(scene.gateway.target('pop3'), { login: 'huisarts', password: PASSWORD });
};

/** A letter, kept as `message`: the id that the gateway gave it. */
export const submits =
  (to: string, fields = ''): Step =>
  async (scene) => {
    const client = await SmtpClient.open(scene.gateway.target('submission'), { login: 'huisarts', password: PASSWORD });
    const from = 'huisarts@huisarts.example';
    const letter = `From: <${from}>\r\nTo: <${to}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <uitslag@huisarts.example>\r\nSubject: uitslag\r\n${fields}\r\nUitslag volgt.\r\n`;
    const reply = await client.submit(from, [to], Buffer.from(letter));
    scene.kept.message = /\b([0-7][0-9a-hjkmnp-tv-z]{12})\b/.exec(reply)?.[1] ?? '';
    await client.quit();
  };
