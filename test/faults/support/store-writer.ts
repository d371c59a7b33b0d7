/**
 * A process that files mail through the store port as fast as it can and says so: `ack ID SHA256` a
 * message, after `accept` resolved.
 *
 * Arguments: data folder, key folder, master key (hexadecimal). Ends when it is killed.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { octets } from '../../../src/domain/units.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { MemoryLog } from '../../support/log.ts';
import { acceptanceOf, sealBody } from '../../support/store.ts';
import { tampered } from './tamper.ts';
import { chance } from '../../support/chance.ts';

const [dataFolder = '', keyFolder = '', masterKey = ''] = process.argv.slice(2);
// The log is copied back many times in a round.
const store = await openSqliteStore({
  ...{ dataFolder, keyFolder, masterKey: Buffer.from(masterKey, 'hex'), hostname: 'mail.test' },
  ...{ clock: systemClock, log: new MemoryLog(), reserve: octets(0), testing: { logPages: 200, ...tampered() } },
});
/** The mutant that writes the row in another transaction than the event. */
const apart = process.env.TAMPER === 'audit-apart';
const recipients = ['anna@group.test', 'bram@group.test', 'chris@group.test'];

async function client(turn: number): Promise<never> {
  for (let n = turn; ; n++) {
    const content = Buffer.from(`${chance.octets(chance.below(4) === 0 ? 100_000 : 3000).toString('hex')}\r\n`);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const body = await sealBody(store, content);
    // Every third goes to all: one body, three entries.
    const to = n % 3 === 0 ? recipients : [recipients[n % recipients.length] ?? ''];
    const row = { event: 'message.accepted', outcome: 'success', message: body.id } as const;
    const outcome = await store.accept(await acceptanceOf(store, body, to, { audit: apart ? [] : [row] }));
    if (outcome.kind !== 'filed') throw new Error(`not filed: ${outcome.kind}`);
    if (apart) {
      // Its own transaction, at once, which a look at the trail waits for: left to the next flush
      // no row of a short round would be there, and a test that sees that need not see one.
      store.audit.note(row);
      await store.audit.head();
    }
    writeSync(1, `ack ${body.id} ${sha256} ${to.length}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, i) => client(i)));
