/**
 * A process that queues messages for a partner, claims them and settles them as fast as it can,
 * each failure with its notice, and says so: `settled DELIVERY STATE` after `settle` resolved.
 *
 * Arguments: data folder, key folder, master key (hexadecimal); or the configuration of a gateway.
 * `TAMPER=notice-apart` files the notice in a transaction of its own behind the settlement: the
 * mutant that the test must catch. Ends when it is killed.
 */
import { writeSync } from 'node:fs';
import { loadConfig } from '../../../src/config/load.ts';
import { minutes, octets } from '../../../src/domain/units.ts';
import { openStore } from '../../../src/gateway/store.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import type { Claim } from '../../../src/store/deliveries.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Acceptance } from '../../../src/store/acceptance.ts';
import { MemoryLog } from '../../support/log.ts';
import { acceptanceOf, sealBody } from '../../support/store.ts';
import { chance } from '../../support/chance.ts';

const [dataFolder = '', keyFolder = '', masterKey = ''] = process.argv.slice(2);
const apart = process.env.TAMPER === 'notice-apart';
const effects = { clock: systemClock, log: new MemoryLog() };
const store = dataFolder.endsWith('.toml')
  ? await openStore(loadConfig(dataFolder), effects)
  : await openSqliteStore({
      ...{ dataFolder, keyFolder, masterKey: Buffer.from(masterKey, 'hex'), hostname: 'mail.test' },
      ...{ ...effects, reserve: octets(0) },
    });
const partner = (await store.registry.findPartnerNamed('hospital'))?.id;
if (partner === undefined) throw new Error('no partner');

async function post(): Promise<void> {
  const body = await sealBody(store, chance.octets(2000));
  const to = ['lab@hospital.test', 'er@hospital.test'];
  const outcome = await store.accept(await acceptanceOf(store, body, to, { receivedAt: systemClock.now() }));
  if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
}

/** Every sixth is too long for the settlement's own row and streams in before it. */
async function noticeOf(claim: Claim): Promise<Acceptance> {
  const padding = chance.octets(chance.below(6) === 0 ? 60_000 : 400).toString('hex');
  const body = await sealBody(store, Buffer.from(`failed ${claim.id}\r\n${padding}\r\n`));
  const more = { sender: '', system: true, once: `failed:${claim.id}` } as const;
  return await acceptanceOf(store, body, ['anna@group.test'], more);
}

async function settle(claim: Claim): Promise<void> {
  const kind = chance.below(4) === 0 ? 'relayed' : 'failed';
  const notice = kind === 'failed' ? await noticeOf(claim) : undefined;
  const rides = apart || notice === undefined ? {} : { notice };
  const audit = [{ event: `delivery.${kind}`, outcome: 'success', message: claim.message.id }] as const;
  const done = await store.deliveries.settle({ claim, outcome: { kind, reply: 'as the test says' }, audit, ...rides });
  if (apart && notice !== undefined) await store.accept(notice);
  writeSync(1, `${done} ${claim.id} ${kind}\n`);
}

async function client(to: typeof partner & number): Promise<never> {
  for (;;) {
    await post();
    await Promise.all((await store.deliveries.claim(to, 4, minutes(10))).map(settle));
  }
}

await Promise.all(Array.from({ length: 8 }, () => client(partner)));
