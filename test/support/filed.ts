/**
 * The messages in a mailbox, whole and oldest first, from number `from` on. As in Array.at, -1
 * gives the newest alone.
 */
import type { Store } from '../../src/store/port/store.ts';
import { readAll } from './store.ts';

export async function filed(store: Store, login: string, from = 0): Promise<string[]> {
  const account = (await store.registry.findAccount(login))?.account.id;
  if (account === undefined) throw new Error(`no account ${login}`);
  const lock = await store.lockMaildrop(account, { session: 'test', network: 'test' });
  if (lock === 'in-use') throw new Error('in use');
  const listing = await store.listMaildrop(lock);
  const messages: string[] = [];
  for (let i = from < 0 ? Math.max(0, listing.count + from) : from; i < listing.count; i++)
    messages.push((await readAll(await store.openEntry(lock, listing.uidOf(i)))).toString('latin1'));
  await store.releaseMaildrop(lock);
  return messages;
}
