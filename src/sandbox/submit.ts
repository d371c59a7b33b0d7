/** Hands messages to the gateway behind the doors, as any account does: by SMTP. */
import { randomBytes } from 'node:crypto';
import type { Destination } from '../push/courier.ts';
import type { Address } from '../domain/address.ts';
import type { Clock } from '../domain/effects.ts';
import type { PartnerId } from '../domain/ids.ts';
import { octets } from '../domain/units.ts';
import { PartnerConnection } from '../smtp/partner-connection.ts';
import { type Mail, octetsOf, slicesOf } from './mails.ts';
import type { Behind } from './upstream.ts';

export interface Sender {
  readonly login: string;
  readonly password: string;
}

/** Resolves with the mark of the message; rejects with what the gateway said. */
export async function submit(behind: Behind, from: Sender, to: string, mail: Mail, clock: Clock): Promise<string> {
  const mark = mail.sameAs ?? `sandbox.${randomBytes(9).toString('hex')}`;
  const date = new Date(clock.now());
  const destination: Destination = {
    partner: 0 as PartnerId,
    host: '127.0.0.1',
    certificateName: behind.host,
    port: behind.ports.submissions,
    tls: 'implicit',
    login: { name: from.login, password: from.password },
    helo: 'sandbox.test',
    connections: 1,
    authorities: [behind.ca],
  };
  const connection = new PartnerConnection(destination, { clock });
  const never = new AbortController().signal;
  try {
    const answer =
      (await connection.open(never)) ??
      (await connection.deliver(
        {
          sender: from.login as Address,
          recipient: to as Address,
          octets: octets(octetsOf(mail, mark, from.login, to, date)),
          body: '8BITMIME',
          smtpUtf8: false,
          requireTls: false,
          slices: async function* () {
            for (const slice of slicesOf(mail, mark, from.login, to, date)) yield await Promise.resolve(slice);
          },
        },
        never,
      ));
    if (answer.kind !== 'taken')
      throw new Error(
        `The gateway of the sandbox did not take ${mail.name}: ${'reply' in answer ? answer.reply : answer.text}`,
      );
    return mark;
  } finally {
    connection.quit();
  }
}
