/**
 * Makes texts that stand in for names and addresses. Paths and queries stand in logs of proxies and
 * in histories of browsers, so no address, login or name may stand in them (decision 1803).
 *
 * `opaqueId` is the id of something that has a name and no number, such as an address. It is the
 * same for ever in one store, and another one in every other store. `sealCursor` hides where a page
 * begins, which is a name too: only this store can open it.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { joinSmall } from '../../platform/bytes.ts';
import type { Store } from '../../store/port/store.ts';

const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';

const keyOf = ({ id }: Pick<Store, 'id'>, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', id, '', `sluis-api ${use}`, 32));

/**
 * 22 characters of `[A-Za-z0-9_-]`. `kind` keeps an address and a password of the same name apart.
 */
export const opaqueId = (store: Pick<Store, 'id'>, kind: string, name: string): string =>
  createHmac('sha256', keyOf(store, 'id')).update(`${kind}\0${name}`).digest().subarray(0, 16).toString('base64url');

/** `of`: the listing to which the cursor belongs; it opens for no other. */
export function sealCursor(store: Pick<Store, 'id'>, random: RandomBytes, of: string, after: string): string {
  const nonce = Buffer.from(random(NONCE));
  const cipher = createCipheriv(CIPHER, keyOf(store, 'cursor'), nonce).setAAD(Buffer.from(of));
  return joinSmall([nonce, cipher.update(after, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** What a cursor holds; undefined: it is not one of ours, or belongs to another listing. */
export function openCursor(store: Pick<Store, 'id'>, of: string, cursor: string): string | undefined {
  const sealed = Buffer.from(cursor, 'base64url');
  if (sealed.length < NONCE + TAG) return undefined;
  const open = createDecipheriv(CIPHER, keyOf(store, 'cursor'), sealed.subarray(0, NONCE), { authTagLength: TAG });
  open.setAAD(Buffer.from(of)).setAuthTag(sealed.subarray(-TAG));
  try {
    return open.update(sealed.subarray(NONCE, -TAG), undefined, 'utf8') + open.final('utf8');
  } catch {
    return undefined;
  }
}
