/** When a batch of an import is filed: what is held in memory, and how long the writer is held. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import type { MessageParts } from '../../src/domain/message-part.ts';
import { instant, octets } from '../../src/domain/units.ts';
import type { ImportedEntry } from '../../src/store/imports.ts';
import type { BodyWriter } from '../../src/store/body.ts';
import { IntakeBatch } from '../../src/takeover/intake-batch.ts';
import { address } from '../support/store.ts';

const MIB = 1024 * 1024;
const anna = address('anna@group.test');
const never = (): never => assert.fail('it is not asked for');

function scene() {
  const filed: number[] = [];
  const progress: number[] = [];
  const aborted: string[] = [];
  const imports = {
    file: (_: AccountId, entries: readonly unknown[]) => {
      filed.push(entries.length);
      return Promise.resolve({ kind: 'filed' as const });
    },
    uidls: never,
  };
  const batch = new IntakeBatch(imports, {
    ...{ account: 1 as AccountId, addresses: [anna], otherwise: anna, actor: { name: 'test' } },
    progress: (messages) => void progress.push(messages),
  });
  let uidl = 0;
  const add = async (count: number, size: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      uidl += 1;
      const body = { id: `m${uidl}` as MessageId, octets: octets(size), sha256: '', slices: never };
      const entry: ImportedEntry = {
        ...{ body, receivedAt: instant(0), sender: '', recipient: anna, messageIdField: '', uidl: `u${uidl}` },
        ...{ fetched: false, parts: { interchanges: [] } as unknown as MessageParts },
      };
      const abort = (): Promise<void> => Promise.resolve(void aborted.push(entry.uidl));
      batch.add(entry, { abort } as unknown as BodyWriter, undefined);
      await batch.fileIfFull();
    }
  };
  return { filed, progress, aborted, batch, add };
}

test('50 messages are a batch, and what is left at the end is one as well', async () => {
  const { filed, progress, batch, add } = scene();
  await add(49, 100);
  assert.deepEqual(filed, []);
  await add(54, 100);
  assert.deepEqual(filed, [50, 50]);
  await batch.file();
  await batch.file();
  assert.deepEqual(
    [filed, progress],
    [
      [50, 50, 3],
      [50, 100, 103],
    ],
  );
  assert.deepEqual([batch.report.batches, batch.report.messages, batch.report.octets], [3, 103, 10_300]);
});

test('2 MiB are a batch, however few messages they are', async () => {
  const { filed, add } = scene();
  await add(3, MIB / 2);
  assert.deepEqual(filed, []);
  await add(1, MIB / 2);
  await add(2, 3 * MIB);
  await add(1, MIB);
  assert.deepEqual(filed, [4, 1, 1]);
});

test('what was not filed is given up by itself, and the first 100 that were not taken are told one by one', async () => {
  const { filed, aborted, batch, add } = scene();
  await add(52, 100);
  await batch.abort();
  assert.deepEqual([filed, aborted], [[50], ['u51', 'u52']]);
  for (let i = 0; i < 150; i += 1) batch.refuse(`r${i}`, 'too large');
  assert.deepEqual([batch.report.refusedMessages, batch.report.refused.length], [150, 100]);
  assert.equal(batch.report.refused.at(-1)?.uidl, 'r99');
});
