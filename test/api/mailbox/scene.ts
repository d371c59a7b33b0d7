/** A gateway with its API, and mail that came into it over SMTP. */
import type { TestContext } from 'node:test';
import { acceptedId, SmtpClient } from '../../support/smtp-client.ts';
import { type ApiOptions, type TestApi, startApi } from '../../support/api.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';

export const EDI = Buffer.from(
  "UNA:+.? 'UNB+UNOA:1+LAB:14+GP:14+261125:1037+REF1'UNH+1+MEDLAB:D:93A:UN'BGM+1'UNT+3+1'UNZ+1+REF1'",
);

/** A letter and a lab result; what the sender wrote. */
export const letter = (subject: string, file: Uint8Array = EDI): Buffer =>
  Buffer.from(
    [
      `From: Lab <${addressOf('lab')}>`,
      `To: <${addressOf('anna')}>`,
      `Subject: ${subject}`,
      'Date: Wed, 25 Nov 2026 12:00:00 +0000',
      `Message-ID: <${subject}@lab.test>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<script>alert(1)</script>',
      '--b',
      'Content-Type: application/edifact; name="result.edi"',
      'Content-Disposition: attachment; filename="result.edi"',
      'Content-Transfer-Encoding: base64',
      '',
      ...(Buffer.from(file)
        .toString('base64')
        .match(/.{1,76}/g) ?? []),
      '--b--',
      '',
    ].join('\r\n'),
  );

export interface Mailbox extends TestApi {
  /** Over SMTP, to anna. Resolves to its id. */
  submit(content: Uint8Array): Promise<string>;
}

export async function mailbox(t: TestContext, options: ApiOptions = {}): Promise<Mailbox> {
  const api = await startApi(t, { accounts: ['lab', 'anna', 'bert'], ...options });
  const smtp = await SmtpClient.open(api.gateway.target('submissions'), loginOf('lab'));
  t.after(() => smtp.wire.destroy());
  return {
    ...api,
    submit: async (content) => acceptedId(await smtp.submit(addressOf('lab'), [addressOf('anna')], content)),
  };
}
