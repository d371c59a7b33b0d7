/**
 * Finds what a caller names on the telephone: a message, an account, an address. The form of the
 * text decides which questions are asked, because each question writes a row in the trail. An EDI
 * reference can have any form and has no index, so it is looked for only if nothing else is found.
 */
import { AdminError } from '../../admin/error.ts';
import { parseMessageId } from '../../domain/ids.ts';
import { isOrganisationName } from '../../domain/registry.ts';
import { telephoneDigits } from '../../domain/telephone.ts';
import { type Html, html } from '../../http/html.ts';
import { visitorOf } from '../../web/core/page.ts';
import type { Asked } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { accountLink, messageLink, organisationLink } from '../../web/look/parts.ts';
import { certificateLink } from './certificates.ts';
import { SEARCH } from './search-words.ts';

export interface Hit {
  readonly to: string;
  readonly shown: Html;
}

export interface Hits {
  readonly hits: readonly Hit[];
  /** True: more was found than is shown, and there is no next page. */
  readonly more?: true;
  /**
   * Older messages were not looked at. A further search continues with messages older than this
   * one.
   */
  readonly before?: string;
}

/** Most hits of one kind. */
const MOST = 20;

type Finder = (asked: Asked, wanted: string) => Promise<readonly Hit[]>;

const accountPath = (login: string): string => `/accounts/${encodeURIComponent(login)}`;

const accounts: Finder = async ({ operate, language }, wanted) => {
  const words = SEARCH[language];
  const [account, address] = await Promise.all([
    there(operate('account.show', { login: wanted })),
    wanted.includes('@') ? there(operate('address.show', { address: wanted })) : undefined,
  ]);
  return [
    ...(account === undefined
      ? []
      : [{ to: accountPath(account.login), shown: html`${words.account} ${accountLink(account.login)}` }]),
    ...(address === undefined
      ? []
      : [
          {
            to: accountPath(address.account),
            shown: html`${words.address} ${address.address} ${words.leads} ${accountLink(address.account)}`,
          },
        ]),
  ];
};

const organisationHit = (
  words: (typeof SEARCH)['nl'],
  { name, title }: { readonly name: string; readonly title: string },
): Hit => ({
  to: `/organisations/${encodeURIComponent(name)}`,
  shown: html`${words.organisation} ${organisationLink(name)} ${title}`,
});

/** An organisation by its name. An operator who acts for one organisation finds only that one. */
const ownOrganisation: Finder = async ({ operate, language }, wanted) => {
  const name = wanted.toLowerCase();
  const found = isOrganisationName(name) ? await there(operate('organisation.show', { name })) : undefined;
  return found === undefined ? [] : [organisationHit(SEARCH[language], found)];
};

/** Organisations by a part of their name or full name, or by their telephone number. */
const organisations: Finder = async ({ operate, language }, wanted) => {
  if (wanted.includes('@')) return [];
  const by = telephoneDigits(wanted) === undefined ? { like: wanted } : { telephone: wanted };
  const found = (await there(operate('organisation.list', { ...by, limit: MOST }))) ?? [];
  // If the text is the whole name of one, only that one is meant, even if other names contain it.
  const exact = found.filter(({ name }) => name === wanted.toLowerCase());
  return (exact.length > 0 ? exact : found).map((one) => organisationHit(SEARCH[language], one));
};

const certificates: Finder = async ({ operate, language }, wanted) => {
  const serial = wanted.replace(/[:\s]/g, '');
  if (!/^[0-9a-f]{8,64}$/i.test(serial)) return [];
  const words = SEARCH[language];
  const found = await there(operate('cert.show', { serial }));
  if (found === undefined) return [];
  const { account, subject, fingerprint } = found;
  return [
    {
      to: `/certificates/${fingerprint}`,
      shown: html`${words.certificate} ${account === '' ? words.gateway : accountLink(account)}: ${certificateLink(fingerprint, subject)}`,
    },
  ];
};

interface Accepted {
  readonly id: string;
  readonly received: string;
  readonly sender: string;
}

const messageHit = ({ language }: Asked, { id, received, sender }: Accepted): Hit => ({
  to: `/messages/${id}`,
  shown: html`${SEARCH[language].message} ${messageLink(id)} ${SEARCH[language].from} ${sender}, ${timeOf(received, language)}`,
});

/** Messages by the id that the gateway gave them, or by Message-ID. */
const messages: Finder = async (asked, wanted) => {
  const { operate } = asked;
  const id = parseMessageId(wanted);
  if (id !== undefined) {
    const found = await there(operate('trace.show', { message: id }));
    return found === undefined ? [] : [messageHit(asked, found)];
  }
  if (!/^<?[^\s<>]+@[^\s<>]+>?$/.test(wanted)) return [];
  const { found = [] } = (await there(operate('trace.search', { 'message-id': wanted, limit: MOST }))) ?? {};
  return found.flatMap((one) => (one.kind === 'accepted' ? [messageHit(asked, one)] : []));
};

/**
 * Messages by a reference in their EDI content. `before`: continue with messages older than this
 * one.
 */
async function byReference(asked: Asked, reference: string, before?: string): Promise<Hits> {
  if (!/^[\x20-\x7e]{1,70}$/.test(reference) || reference.includes('@')) return { hits: [] };
  const asks = { reference, limit: MOST, ...(before === undefined ? {} : { after: before }) };
  const { found = [], next } = (await there(asked.operate('trace.search', asks))) ?? {};
  const hits = found.flatMap((one) => (one.kind === 'accepted' ? [messageHit(asked, one)] : []));
  return { hits, ...(next === undefined ? {} : { before: next }) };
}

export async function findAll(asked: Asked, wanted: string, before?: string): Promise<Hits> {
  const isForAll = visitorOf(asked).session.holder.organisation === undefined;
  const seesMail = isForAll && asked.may('support');
  if (before !== undefined) return seesMail ? await byReference(asked, wanted, before) : { hits: [] };
  const finders = [
    accounts,
    ...(isForAll ? [organisations, certificates] : [ownOrganisation]),
    ...(seesMail ? [messages] : []),
  ];
  const found = await Promise.all(finders.map((find) => find(asked, wanted)));
  const hits = new Map<string, Hit>();
  // Several hits may lead to one page; only the first of these is shown.
  for (const hit of found.flat()) if (!hits.has(hit.to)) hits.set(hit.to, hit);
  if (hits.size === 0 && seesMail) return await byReference(asked, wanted);
  return { hits: [...hits.values()], ...(found.some(({ length }) => length === MOST) ? { more: true } : {}) };
}

/**
 * The answer. Undefined if nothing has that name, if no name can have that form, or if the operator
 * may not see it.
 */
async function there<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AdminError && ['unknown', 'invalid', 'forbidden'].includes(error.kind)) return undefined;
    throw error;
  }
}
