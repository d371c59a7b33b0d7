/**
 * The store alone, through its interface, in this process: what group commit gets out of the disk,
 * and whether large messages hold up small ones.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Address, addressKey } from '../src/domain/address.ts';
import { octets } from '../src/domain/units.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLog } from '../src/platform/log.ts';
import { createSqliteStore, openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Acceptance } from '../src/store/acceptance.ts';
import type { Store } from '../src/store/port/store.ts';
import { type RawRate, rawAppendRate } from './disk.ts';
import { type Percentiles, Samples, round } from './stats.ts';
import type { Figure } from './table.ts';

const SLICE = 256 * 1024;
const actor = { name: 'bench' };
const address = 'lab@bench.test' as Address;

async function file(store: Store, content: Buffer, size: number): Promise<void> {
  const writer = store.openBody(octets(size));
  for (let left = size; left > 0; left -= content.length) await writer.write(content.subarray(0, left));
  const body = await writer.seal();
  const recipient = await store.registry.findRecipient(addressKey(address));
  if (recipient === undefined) throw new Error('the recipient is gone');
  const mailbox = recipient.account.id;
  const acceptance: Acceptance = {
    ...{ body, receivedAt: systemClock.now(), submitter: mailbox, sender: address, messageIdField: 'a@b' },
    envelope: { body: '8BITMIME', smtpUtf8: false },
    recipients: [{ address, mailbox }],
    audit: [{ event: 'message.accepted', outcome: 'success', message: body.id }],
  };
  const outcome = await store.accept(acceptance);
  if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
}

interface Phase {
  readonly done: number;
  readonly milliseconds: number;
  readonly latency: Samples;
  readonly loop: Percentiles;
  /** Octets of large messages that were filed meanwhile. */
  readonly large: number;
}

async function phase(store: Store, writers: number, uploads: number, milliseconds: number): Promise<Phase> {
  const small = randomBytes(10_240);
  const slice = randomBytes(SLICE);
  const latency = new Samples();
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  const start = performance.now();
  const end = start + milliseconds;
  let done = 0;
  let large = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now();
      await file(store, small, small.length);
      latency.add(performance.now() - began);
      done += 1;
    }
  };
  const uploader = async (): Promise<void> => {
    while (performance.now() < end) {
      await file(store, slice, 30_000_000);
      large += 30_000_000;
    }
  };
  await Promise.all([...Array.from({ length: writers }, writer), ...Array.from({ length: uploads }, uploader)]);
  delay.disable();
  const ms = (ns: number): number => round(Math.max(0, ns / 1e6 - 2));
  const loop = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
  return { done, milliseconds: performance.now() - start, latency, loop, large };
}

export async function measureStore(
  under: string | undefined,
  milliseconds: number,
  note: (figure: Figure) => void,
): Promise<readonly RawRate[]> {
  const folder = mkdtempSync(join(under ?? tmpdir(), 'sluis-store-bench-'));
  const options = {
    ...{ dataFolder: join(folder, 'data'), keyFolder: join(folder, 'keys'), masterKey: randomBytes(32) },
    ...{ hostname: 'mail.bench.test', clock: systemClock, log: createLog({ level: 'error', format: 'pretty' }) },
  };
  await createSqliteStore(options);
  const store = await openSqliteStore(options);
  try {
    await store.registry.addOrganisation({ name: 'bench', title: 'Bench', language: 'en' }, actor);
    await store.registry.addAccount(
      { login: 'lab', organisation: 'bench', kind: 'edi', addresses: [address], settings: { quota: 2 ** 40 } },
      actor,
    );
    await phase(store, 16, 0, 500);
    const figure = (id: string, text: string, p: Phase, more: Partial<Figure> = {}): void => {
      const value = round((p.done * 1000) / p.milliseconds);
      note({ id, text, unit: 'msg/s', value, latency: p.latency.summary(), loop: p.loop, ...more });
    };
    // F is measured right beside it, since the rate of the disk changes.
    const before = rawAppendRate(folder, 10_240, 700);
    const alone = await phase(store, 64, 0, milliseconds);
    const after = rawAppendRate(folder, 10_240, 700);
    const timesF = round((alone.done * 1000) / alone.milliseconds / ((before.perSecond + after.perSecond) / 2));
    figure('T1', 'store alone: 64 writers of 10 KB', alone, { timesF });
    figure('T2', 'store alone: 16 writers of 10 KB', await phase(store, 16, 0, milliseconds));
    const beside = await phase(store, 16, 2, milliseconds);
    figure('T3', 'the same beside two uploads of 30 MB', beside, {
      megabytes: round(beside.large / 1000 / beside.milliseconds),
    });
    return [before, after];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
