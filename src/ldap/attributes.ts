/**
 * Shows the directory as LDAP does: entries of the class inetOrgPerson (RFC 2798, RFC 4519), named
 * by their address, below one suffix.
 *
 * An addressee is an organisation, or a person or place in it; the registry knows no given names.
 * So cn is the organisation's title with the role behind it. sn, which a person must have, is the
 * title.
 */
import type { DirectoryEntry } from '../domain/directory.ts';

/** Name of the directory, and of everything below it. */
export const SUFFIX = 'o=directory';

/** Values by the folded name of their attribute. */
export type Attributes = ReadonlyMap<string, readonly (string | Uint8Array)[]>;

/**
 * The attributes by their folded name. `shown`: how LDAP writes the name. `searched`: their values
 * stand in the text that the store searches (`searchText`).
 */
const NAMES: Readonly<Record<string, { readonly shown: string; readonly searched: boolean }>> = {
  objectclass: { shown: 'objectClass', searched: false },
  mail: { shown: 'mail', searched: true },
  cn: { shown: 'cn', searched: true },
  displayname: { shown: 'displayName', searched: true },
  sn: { shown: 'sn', searched: true },
  o: { shown: 'o', searched: true },
  title: { shown: 'title', searched: true },
  description: { shown: 'description', searched: true },
  telephonenumber: { shown: 'telephoneNumber', searched: true },
  employeenumber: { shown: 'employeeNumber', searched: true },
  usercertificate: { shown: 'userCertificate;binary', searched: false },
};

/** Other names of the same attributes (RFC 4519), and the OIDs that clients send. */
const ALIASES: Readonly<Record<string, string>> = {
  commonname: 'cn',
  surname: 'sn',
  organizationname: 'o',
  rfc822mailbox: 'mail',
  '0.9.2342.19200300.100.1.3': 'mail',
  '2.5.4.3': 'cn',
  '2.5.4.4': 'sn',
  '2.5.4.10': 'o',
  '2.5.4.20': 'telephonenumber',
  '2.5.4.36': 'usercertificate',
};

/** The name of an attribute: folded, without options such as `;binary`. */
export function nameOf(description: string): string {
  const [name = ''] = description.toLowerCase().split(';', 1);
  return ALIASES[name] ?? name;
}

/**
 * True if values of the attribute can be compared here. A term on any other attribute is Undefined.
 */
export const isAsserted = (name: string): boolean => Object.hasOwn(NAMES, name);

/** True if the attribute's values are in the text that the store searches. */
export const isSearched = (name: string): boolean => NAMES[name]?.searched === true;

/** Attributes of the root DSE. */
const ROOT_NAMES = new Map(
  [
    ...['namingContexts', 'supportedLDAPVersion', 'supportedSASLMechanisms', 'supportedExtension', 'supportedControl'],
    'vendorName',
  ].map((name) => [name.toLowerCase(), name]),
);

export const shownName = (name: string): string => NAMES[name]?.shown ?? ROOT_NAMES.get(name) ?? name;

const CLASSES = ['top', 'person', 'organizationalPerson', 'inetOrgPerson'];

/** True if an entry has this class (folded). */
export const isClass = (name: string, value: string): boolean =>
  name === 'objectclass' && CLASSES.some((one) => one.toLowerCase() === value);

export function attributesOf({ address, organisation, role, agb, telephone, certificate }: DirectoryEntry): Attributes {
  const { title } = organisation;
  const named = role === undefined ? title : `${title} (${role})`;
  const all: [string, readonly (string | Uint8Array)[]][] = [
    ['objectclass', CLASSES],
    ['mail', [address]],
    ['cn', [named]],
    ['displayname', [named]],
    ['sn', [title]],
    ['o', [title]],
  ];
  if (role !== undefined) all.push(['title', [role]]);
  // Address books have no field for the AGB code, which is what people have on paper.
  if (agb !== undefined) all.push(['description', [agb]], ['employeenumber', [agb]]);
  if (telephone !== undefined) all.push(['telephonenumber', [telephone]]);
  if (certificate !== undefined) all.push(['usercertificate', [certificate]]);
  return new Map(all);
}

export const suffixAttributes: Attributes = new Map([
  ['objectclass', ['top', 'organization']],
  ['o', ['directory']],
]);

/**
 * The attributes that were asked for. An empty list asks for all (RFC 4511 section 4.5.1.8), `1.1`
 * for none.
 */
export function selected(of: Attributes, asked: readonly string[]): Attributes {
  if (asked.length === 0 || asked.includes('*')) return of;
  const names = new Set(asked.map(nameOf));
  return new Map([...of].filter(([name]) => names.has(name)));
}

/** RFC 4514 section 2.4. */
const escaped = (value: string): string =>
  value.replaceAll(/[",+;<>\\=]|^[ #]| $/g, '\\$&').replaceAll('\0', String.raw`\00`);

export const entryName = (address: string): string => `mail=${escaped(address)},${SUFFIX}`;

/** Where a search begins. `entry`: the entry of that address, folded. */
export type SearchBase =
  { readonly kind: 'root' | 'suffix' | 'unknown' } | { readonly kind: 'entry'; readonly key: string };

/** A name with more characters than this is not one of ours. */
const LONGEST_NAME = 1000;
const BELOW = /^o *= *directory$/;

export function placeOf(name: string): SearchBase {
  const folded = name
    .slice(0, LONGEST_NAME + 1)
    .normalize('NFC')
    .toLowerCase()
    .trim();
  if (folded === '') return { kind: 'root' };
  if (BELOW.test(folded)) return { kind: 'suffix' };
  const entry = namedBelow(folded);
  if (folded.length > LONGEST_NAME || entry?.type !== 'mail') return { kind: 'unknown' };
  return { kind: 'entry', key: entry.value };
}

/**
 * Type and value of a name below the root, such as `mail=anna@praktijk.example,o=directory`,
 * folded.
 */
export function namedBelow(folded: string): { readonly type: string; readonly value: string } | undefined {
  const [first = '', ...rest] = folded.split(/(?<!\\),/);
  const at = first.indexOf('=');
  if (at < 0 || rest.length !== 1 || !BELOW.test(rest[0]?.trim() ?? '')) return undefined;
  return { type: nameOf(first.slice(0, at).trim()), value: unescaped(first.slice(at + 1).trim()) };
}

/** Reads `\,` and `\2c` (RFC 4514 section 3). */
const unescaped = (value: string): string =>
  value.replaceAll(
    /(?:\\[0-9a-f]{2})+|\\(.)/gs,
    (found: string, one: string | undefined) => one ?? Buffer.from(found.replaceAll('\\', ''), 'hex').toString('utf8'),
  );
