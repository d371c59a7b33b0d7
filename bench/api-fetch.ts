/**
 * Compares fetching over HTTPS with POP3:
 *
 *   npm run bench:api-fetch -- [--messages 500] [--rounds 3] [--json]
 *
 * Eight mailboxes with messages of 10 KB are emptied in turns in one run, by the same driver: by
 * POP3 (RETR, DELE, QUIT) and over the API (claims of 100 messages, fetched in one answer or with
 * one request for each message, and one acknowledgement for each claim). The aim is 0.8 of POP3's
 * rate. Then 50 MB are fetched in both ways, and the memory of the gateway's process is measured.
 */
import { parseArgs } from 'node:util';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { HttpWire } from '../test/support/http-wire.ts';
import { Instance, addressOf, freePort } from '../test/support/instance.ts';
import { Pop3Client } from '../test/support/pop3-client.ts';
import { SmtpClient } from '../test/support/smtp-client.ts';
import { type Outcome, PASSWORD, pickUp, submit } from './load.ts';
import { compose } from './messages.ts';
import { median, round } from './stats.ts';

const { values: flags } = parseArgs({
  options: {
    messages: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const MAILBOXES = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'];
const LARGE = 50_000_000;
const loginOf = (login: string) => ({ login, password: PASSWORD });

interface Claim {
  readonly id?: string;
  readonly messages: readonly { readonly id: string; readonly octets: number }[];
}

const api = await freePort();
const instance = await Instance.create({
  configuration: `[[listener]]\nname = "api"\nprotocol = "https"\naddress = "127.0.0.1"\nport = ${api}\ntls = "implicit"\n[api]\nrequests = 10000000\n[smtp]\nmax-message = "80MB"\n`,
});
try {
  instance.addAccounts([...MAILBOXES, ...MAILBOXES.map((_, i) => `b${i}`)], { hash: await hashPassword(PASSWORD) });
  const served = await instance.serve();
  const target = { ...instance.target('pop3s'), port: api };

  const byOne = async (client: HttpWire, claim: Claim): Promise<void> => {
    for (const { id, octets } of claim.messages) {
      const got = await client.ask('GET', `/mailbox/messages/${id}/content`, undefined, () => undefined);
      if (got.status !== 200 || got.length !== octets) throw new Error(`message ${id}: ${got.status}, ${got.length}`);
    }
  };
  const together = async (client: HttpWire, claim: Claim): Promise<void> => {
    const expected = claim.messages.reduce((sum, { octets }) => sum + octets, 0);
    const got = await client.ask('GET', `/mailbox/claims/${claim.id}/messages`, undefined, () => undefined);
    if (got.status !== 200 || got.length < expected) throw new Error(`claim ${claim.id}: ${got.status}, ${got.length}`);
  };

  const overHttps = async (fetch: typeof byOne): Promise<Pick<Outcome, 'done' | 'milliseconds'>> => {
    const start = performance.now();
    let done = 0;
    await Promise.all(
      MAILBOXES.map(async (name) => {
        const client = await HttpWire.open(target, loginOf(name));
        for (;;) {
          const claim = (await client.ask('POST', '/mailbox/claims', { most: 100 })).json as Claim;
          if (claim.messages.length === 0) break;
          await fetch(client, claim);
          const told = await client.ask('POST', `/mailbox/claims/${claim.id}/acknowledgements`, {});
          if (told.status !== 200) throw new Error(`the acknowledgement was answered ${told.status}`);
          done += claim.messages.length;
        }
        client.wire.destroy();
      }),
    );
    return { done, milliseconds: performance.now() - start };
  };

  const roads = {
    pop3: () => pickUp(instance, MAILBOXES),
    together: () => overHttps(together),
    byOne: () => overHttps(byOne),
  };
  const names = ['pop3', 'together', 'byOne'] as const;
  const rates: Record<(typeof names)[number], number[]> = { pop3: [], together: [], byOne: [] };
  const limit = Number(flags.messages);
  for (let n = -1; n < Number(flags.rounds); n += 1)
    for (const road of n % 2 === 0 ? names.toReversed() : names) {
      const work = { connections: 8, perConnection: 1000, size: 10_240, recipients: MAILBOXES, milliseconds: 120_000 };
      await submit(instance, { ...work, limit });
      const { done, milliseconds } = await roads[road]();
      if (done !== limit * MAILBOXES.length) throw new Error(`${road} fetched ${done} messages, expected ${limit * 8}`);
      // The first turn is a warm-up.
      if (n >= 0) rates[road].push((done * 1000) / milliseconds);
    }

  const smtp = await SmtpClient.open(instance.target('submission'), loginOf('b0'));
  await smtp.submit(addressOf('b0'), [addressOf('m0')], compose(LARGE, addressOf('b0'), 'text', 0));
  smtp.wire.destroy();
  const client = await HttpWire.open(target, loginOf('m0'));
  const { json } = await client.ask('GET', '/mailbox/messages');
  const [large] = (json as { readonly messages: readonly { readonly id: string }[] }).messages;
  const down = async (run: () => Promise<unknown>): Promise<{ milliseconds: number; grewKiB: number }> => {
    served.resetPeak();
    const before = served.memory().now;
    const start = performance.now();
    await run();
    return { milliseconds: round(performance.now() - start), grewKiB: served.memory().peak - before };
  };
  const fetchLarge = () => client.ask('GET', `/mailbox/messages/${large?.id}/content`, undefined, () => undefined);
  const pop3 = await Pop3Client.open(instance.target('pop3'), loginOf('m0'));
  const megabytes = { pop3: await down(() => pop3.retrieve(1)), https: await down(fetchLarge) };
  await pop3.quit();
  client.wire.destroy();

  const rate = Object.fromEntries(names.map((name) => [name, round(median(rates[name]))]));
  const ratio = (name: (typeof names)[number]): number => round(median(rates[name]) / median(rates.pop3));
  const result = { rate, together: ratio('together'), byOne: ratio('byOne'), rounds: rates, fiftyMegabytes: megabytes };
  console.log(
    flags.json
      ? JSON.stringify(result)
      : [
          `POP3 ${rate.pop3} messages/s; HTTPS, a claim in one answer ${rate.together} (${result.together}), a request for each message ${rate.byOne} (${result.byOne})`,
          `50 MB: POP3 ${megabytes.pop3.milliseconds} ms and ${megabytes.pop3.grewKiB} KiB more, HTTPS ${megabytes.https.milliseconds} ms and ${megabytes.https.grewKiB} KiB more`,
        ].join('\n'),
  );
  await served.stop();
} finally {
  instance.remove();
}
