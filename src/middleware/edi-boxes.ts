/**
 * One address, two mailboxes: what holds EDI goes to the account that a system empties, everything
 * else to the one that people read.
 *
 * EDI is what was found by content, not what a type or a file name says: old systems call
 * everything text/plain. A message with attachments for people beside its EDI is in both by
 * default, since an importer drops what it does not know, and nobody would see it.
 */
import type { Log } from '../domain/effects.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { isSameOrganisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Store } from '../store/port/store.ts';
import type { Addressee, Copy, Middleware, StepOutcome, Submitted } from './middleware.ts';

export interface EdiBoxesParts {
  readonly store: { readonly registry: Pick<Store['registry'], 'findLogin'> };
  readonly log: Log;
}

export const ediBoxes = (parts: EdiBoxesParts): Middleware => ({
  name: 'edi-boxes',
  wants: ({ parts: { interchanges }, recipients }) => interchanges.length > 0 && recipients.some(hasBox),
  run: (message, copies) => run(parts, message, copies),
});

const settingsOf = ({ registered }: Addressee) =>
  [registered.address.settings, registered.account.settings, registered.organisation.settings] as const;

const boxOf = (addressee: Addressee): string => settingOf('edi-mailbox', ...settingsOf(addressee));

/** Mail that is pushed to a partner is sorted there. */
const hasBox = (addressee: Addressee): boolean => addressee.to.mailbox !== undefined && boxOf(addressee) !== 'own';

async function run(parts: EdiBoxesParts, message: Submitted, copies: readonly Copy[]): Promise<StepOutcome> {
  const mixed = isMixed(message.parts);
  const sorted: Copy[] = [];
  for (const copy of copies) {
    const recipients: Addressee[] = [];
    for (const each of copy.recipients)
      recipients.push(...(hasBox(each) ? await boxesOf(parts, message, each, mixed) : [each]));
    sorted.push({ ...copy, recipients });
  }
  return { kind: 'passed', copies: sorted };
}

async function boxesOf(
  { store, log }: EdiBoxesParts,
  { session, body }: Submitted,
  own: Addressee,
  mixed: boolean,
): Promise<readonly Addressee[]> {
  const where = mixed ? settingOf('edi-mixed', ...settingsOf(own)) : 'edi';
  if (where === 'mail') return [own];
  const login = boxOf(own);
  const found = await store.registry.findLogin(login);
  // Settings are changed long after the account that they name: mail must not go astray with it.
  if (found?.account.state !== 'active' || !isSameOrganisation(found.organisation, own.registered.organisation)) {
    log.warn('edi.box-unusable', { session, message: body.id, account: own.registered.account.login, box: login });
    return [own];
  }
  const { partner: _, mailbox, ...facts } = own.to;
  if (mailbox === undefined) return [own];
  const { receipt: __, ...others } = facts;
  const box: Addressee = { ...own, to: { ...facts, mailbox: found.account.id } };
  // The sender gets one receipt: when the system fetched it that it was meant for.
  return where === 'edi' ? [box] : [box, { ...own, to: { ...others, mailbox } }];
}

/**
 * There is something beside the interchanges that is more than the text around them: a named file,
 * or a part of another type.
 */
const isMixed = ({ leaves, interchanges }: MessageParts): boolean => {
  const edi = new Set(interchanges.map(({ part }) => part));
  return leaves.some(({ path, type, name }) => !edi.has(path) && (name !== '' || !/^text\/(?:plain|html)$/.test(type)));
};
