/** OpenPGP keys and the result of an inspection, as text for people. */
import { type Cell, facts, readableDay, readableSize, table } from '../../cli/output.ts';
import type { PgpKeyView } from '../../admin/pgp-views.ts';
import type { PgpInspectView } from './views.ts';

/** Text of a key or a message must not move the cursor or forge a line. */
const safe = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
const stateOf = (key: PgpKeyView): string => (key.revoked === undefined ? (key.problem ?? 'valid') : 'revoked');

export const keyText = (key: PgpKeyView): string =>
  facts([
    ['Key', key.fingerprint],
    ['Account', key.account],
    ['Kind', key.algorithm],
    ['Stands for', key.addresses.map(safe).join(', ')],
    ['Made', readableDay(key.made)],
    ['Encrypts until', readableDay(key.encryptsUntil)],
    ['State', stateOf(key)],
  ]);

export const KEY_COLUMNS = ['FINGERPRINT', 'ACCOUNT', 'ADDRESSES', 'KIND', 'MADE', 'ENDS', 'KEY', 'STATE'];
export const keyCells = (key: PgpKeyView): Cell[] => [
  ...[key.fingerprint, key.account, key.addresses.map(safe).join(' '), key.algorithm, readableDay(key.made)],
  ...[readableDay(key.encryptsUntil), key.keyHeld ? 'held here' : '', stateOf(key)],
];

const FORMS: Readonly<Record<PgpInspectView['form'], string>> = {
  plain: 'not protected by PGP',
  'pgp-signed': 'signed in the clear (multipart/signed)',
  'pgp-encrypted': 'encrypted (multipart/encrypted)',
  'inline-encrypted': 'encrypted inside its text; such messages are left as they are',
  'inline-signed': 'signed inside its text; such messages are left as they are',
  'clear-signed': 'signed with S/MIME: "sluis smime inspect" reads it',
  'opaque-signed': 'signed with S/MIME: "sluis smime inspect" reads it',
  encrypted: 'encrypted with S/MIME: "sluis smime inspect" reads it',
  compressed: 'compressed with S/MIME: "sluis smime inspect" reads it',
  unreadable: 'it says that it is protected, and cannot be read',
};

function verdict(view: PgpInspectView): string {
  if (view.problem !== undefined) return view.problem;
  if (view.standing !== 'unsigned') return view.standing === 'valid' ? 'valid' : 'not valid';
  return view.form === 'pgp-encrypted' && !view.opened ? 'encrypted; look inside with --as' : 'nobody signed it';
}

export function inspectText(view: PgpInspectView): string {
  const told = facts([
    ['Message', readableSize(view.octets)],
    ['From', view.from],
    ['Form', FORMS[view.form]],
    ['For keys', view.readers.join(' ')],
    ['Differs inside', view.differs.join(', ')],
    ['Verdict', verdict(view)],
  ]);
  const rows = view.signatures.map((s) => [s.fingerprint ?? s.keyId, s.hash, readableDay(s.signed), s.state]);
  return rows.length === 0 ? told : `${told}\n\n${table(['SIGNED BY', 'HASH', 'SIGNED AT', 'STATE'], rows)}`;
}
