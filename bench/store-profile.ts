/**
 * Measures the parts of the store one by one, to see where time goes:
 *
 *   node bench/store-profile.ts [--folder DIR]
 *
 * Everything is a ratio to F, the rate of append + fdatasync of 10 KB on the same disk in the same
 * run, because machines differ.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { type Address, addressKey } from '../src/domain/address.ts';
import type { Log } from '../src/domain/effects.ts';
import type { AccountId } from '../src/domain/ids.ts';
import { octets } from '../src/domain/units.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createSqliteStore, openSqliteStore } from '../src/store/sqlite/open.ts';
import type { AcceptedRecipient } from '../src/store/acceptance.ts';
import type { Store } from '../src/store/port/store.ts';

const { values: flags } = parseArgs({
  options: {
    folder: { type: 'string', default: tmpdir() },
    seconds: { type: 'string', default: '3' },
    writers: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(flags.seconds);
const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (event, fields) => console.error(event, fields),
  with: () => quiet,
};
type Filed = AcceptedRecipient & { readonly mailbox: AccountId };

const actor = { name: 'bench' };

const percentile = (times: number[], p: number): number => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
};

function rawRate(folder: string): number {
  const path = join(folder, 'raw');
  const file = openSync(path, 'w');
  const block = randomBytes(10 * 1024);
  const end = performance.now() + 1000;
  let n = 0;
  while (performance.now() < end) {
    writeSync(file, block);
    fdatasyncSync(file);
    n += 1;
  }
  closeSync(file);
  rmSync(path);
  return n;
}

async function deliver(store: Store, content: Uint8Array, recipients: readonly Filed[]): Promise<void> {
  const writer = store.openBody(octets(content.length));
  for (let at = 0; at < content.length; at += 65_536) await writer.write(content.subarray(at, at + 65_536));
  const body = await writer.seal();
  const outcome = await store.accept({
    body,
    receivedAt: systemClock.now(),
    submitter: recipients[0]!.mailbox,
    sender: 'sender@group.test' as Address,
    messageIdField: `${body.id}@group.test`,
    envelope: { body: '8BITMIME', smtpUtf8: false },
    recipients,
    audit: [
      {
        event: 'message.accepted',
        outcome: 'success',
        account: recipients[0]!.mailbox,
        facts: { octets: body.octets, sha256: body.sha256 },
        personal: { sender: 'sender@group.test', recipients: recipients.map((r) => r.address) },
      },
    ],
  });
  if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
}

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly loop99: number;
}

/** Runs `writers` loops, each of which waits for its own commit. */
async function load(writers: number, run: (writer: number) => Promise<void>, seconds = SECONDS): Promise<Load> {
  const times: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      while (performance.now() < end) {
        const began = performance.now();
        await run(w);
        times.push(performance.now() - began);
      }
    }),
  );
  delay.disable();
  const took = (performance.now() - start) / 1000;
  return {
    rate: times.length / took,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    loop99: delay.percentile(99) / 1e6 - 1,
  };
}

const show = (name: string, text: string): void => console.log(`${name.padEnd(44)} ${text}`);
const shown = (l: Load): string =>
  `${l.rate.toFixed(0)}/s  p50 ${l.p50.toFixed(1)} ms  p99 ${l.p99.toFixed(1)} ms  loop p99 ${l.loop99.toFixed(1)} ms`;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(flags.folder, 'sluis-bench-'));
  const options = {
    dataFolder: join(folder, 'data'),
    keyFolder: join(folder, 'keys'),
    masterKey: randomBytes(32),
    hostname: 'bench.test',
    clock: systemClock,
    log: quiet,
    reserve: octets(0),
  };
  await createSqliteStore(options);
  const store = await openSqliteStore(options);
  try {
    await store.registry.addOrganisation({ name: 'bench', title: 'Bench', language: 'nl' }, actor);
    const accounts: AccountId[] = [];
    for (let i = 0; i < 64; i += 1)
      accounts.push(
        await store.registry.addAccount(
          {
            login: `a${i}`,
            organisation: 'bench',
            kind: 'edi',
            addresses: [`a${i}@group.test` as Address],
            settings: { quota: 1024 ** 4 },
          },
          actor,
        ),
      );
    const to = (i: number): Filed => ({ address: `a${i}@group.test` as Address, mailbox: accounts[i]! });
    const small = randomBytes(10 * 1024);
    const large = randomBytes(30 * 1024 * 1024);

    const f = (rawRate(folder) + rawRate(folder)) / 2;
    show('F: append + fdatasync of 10 KB', `${f.toFixed(0)}/s`);
    await load(64, (w) => deliver(store, small, [to(w)]), 1);
    const ratio = (l: Load): string => `${shown(l)}  ${(l.rate / f).toFixed(2)} x F`;
    show('64 writers of 10 KB (aim 2 x F)', ratio(await load(64, (w) => deliver(store, small, [to(w)]))));
    if (flags.writers) return;
    show('8 writers of 10 KB', ratio(await load(8, (w) => deliver(store, small, [to(w)]))));
    show('1 writer of 10 KB (aim 0.35 x F)', ratio(await load(1, () => deliver(store, small, [to(0)]))));
    const twenty = Array.from({ length: 20 }, (_, i) => to(i));
    show('8 writers, 20 recipients', ratio(await load(8, () => deliver(store, small, twenty))));
    const alone = await load(16, (w) => deliver(store, small, [to(w)]));
    show('16 writers of 10 KB', shown(alone));
    let stop = false;
    let uploads = 0;
    const beside = Promise.all(
      [0, 1].map(async (i) => {
        while (!stop) {
          await deliver(store, large, [to(60 + i)]);
          uploads += 1;
        }
      }),
    );
    const with30 = await load(16, (w) => deliver(store, small, [to(w)]));
    stop = true;
    await beside;
    show(
      'the same beside two uploads of 30 MB (aim p99 2 x)',
      `${shown(with30)}  p99 ${(with30.p99 / alone.p99).toFixed(2)} x, ${uploads} uploads`,
    );

    const key = addressKey('a7@group.test' as Address);
    const found = await load(
      8,
      async () => {
        for (let i = 0; i < 100; i += 1) await store.registry.findRecipient(key);
      },
      1,
    );
    show('findRecipient, known', `${(found.rate * 100).toFixed(0)}/s`);

    const again = f;
    show('F again', `${rawRate(folder)}/s (was ${again.toFixed(0)})`);

    // A maildrop with 10,000 messages.
    const big = 63;
    const tiny = randomBytes(500);
    const had = await store.registry.findAccount(`a${big}`);
    for (let n = had?.messages ?? 0; n < 10_000; n += 100)
      await Promise.all(Array.from({ length: 100 }, () => deliver(store, tiny, [to(big)])));
    const poll = async (list: boolean): Promise<void> => {
      const lock = await store.lockMaildrop(accounts[big]!, { session: 'b', network: 'n' });
      if (lock === 'in-use') throw new Error('in use');
      if (list) {
        const listing = await store.listMaildrop(lock);
        let length = 0;
        for (let i = 0; i < listing.count; i += 1) length += listing.uidlOf(i).length + listing.sizeOf(i);
        if (length === 0) throw new Error('empty');
      }
      await store.commitMaildrop(lock, [], [], []);
    };
    const first = performance.now();
    await poll(true);
    show('10,000 entries, first listing', `${(performance.now() - first).toFixed(1)} ms`);
    show('10,000 entries, unchanged, all UIDLs', shown(await load(1, () => poll(true), 1)));
    show('lock and unlock', shown(await load(1, () => poll(false), 1)));

    // RETR + DELE of 10 KB, 8 sessions of up to 500 messages each.
    const fetched = { n: 0 };
    const began = performance.now();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await Promise.all(
      Array.from({ length: 8 }, async (_, w) => {
        const account = accounts[8 + w]!;
        while (performance.now() - began < SECONDS * 1000) {
          const lock = await store.lockMaildrop(account, { session: 'r', network: 'n' });
          if (lock === 'in-use') throw new Error('in use');
          const listing = await store.listMaildrop(lock);
          const most = Math.min(500, listing.count);
          const uids = Array.from({ length: most }, (_, i) => listing.uidOf(i));
          for (const uid of uids) {
            const entry = await store.openEntry(lock, uid);
            for await (const slice of entry.slices()) fetched.n += slice.length > 0 ? 1 : 0;
            lock.renew();
          }
          await store.commitMaildrop(lock, uids, uids, []);
          if (most === 0) return;
        }
      }),
    );
    delay.disable();
    const took = (performance.now() - began) / 1000;
    show(
      'RETR + DELE of 10 KB, 8 sessions',
      `${(fetched.n / took).toFixed(0)}/s (${fetched.n} messages)  loop p99 ${(delay.percentile(99) / 1e6 - 1).toFixed(1)} ms`,
    );
    const swept = performance.now();
    const report = await store.sweep();
    show('sweep', `${(performance.now() - swept).toFixed(0)} ms, ${report.messages} messages`);
    const verified = performance.now();
    const audit = await store.audit.verify();
    show('audit verify', `${(performance.now() - verified).toFixed(0)} ms, ${audit.kind}`);
    show('peak memory', `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
