/**
 * Whether a party of an interchange is one that is registered, and whether an addressee takes its
 * messages.
 */
import type { EdiParty, Interchange } from './interchange.ts';

/**
 * Nothing registered, or nothing said (an XML document names its parties where no envelope is):
 * nobody can tell.
 */
export const isStranger = (party: EdiParty, identities: readonly string[]): boolean =>
  party.id !== '' && identities.length > 0 && !isOneOf(party, identities);

export const party = ({ id, qualifier }: EdiParty): string => `"${qualifier === '' ? id : `${id}:${qualifier}`}"`;

export function unwantedIn({ messages }: Interchange, accepts: readonly string[]): string | undefined {
  if (accepts.length === 0) return undefined;
  const unwanted = messages.find(({ type, version }) => !accepts.some((kind) => takes(kind, type, version)));
  return unwanted === undefined ? undefined : named(unwanted.type, unwanted.version);
}

const fold = (text: string): string => text.trim().toUpperCase();

/** A registered qualifier must be there; without one, any will do. */
export const isOneOf = ({ id, qualifier }: EdiParty, identities: readonly string[]): boolean =>
  identities.some((identity) => {
    const [registered = '', wanted] = identity.split(':', 2);
    return fold(registered) === fold(id) && (wanted === undefined || fold(wanted) === fold(qualifier));
  });

function takes(kind: string, type: string, version: string): boolean {
  const [wanted = '', ...release] = fold(kind).split(':');
  const name = fold(type);
  const fits = wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
  const begin = release.join(':');
  return fits && (begin === '' || `${fold(version)}:`.startsWith(`${begin}:`));
}

const named = (type: string, version: string): string => (version === '' ? type : `${type} (${version})`);
