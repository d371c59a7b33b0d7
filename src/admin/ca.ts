/** Operations on the gateway's own certificate authority. */
import {
  type KnownAuthority,
  type SigningAuthority,
  currentOf,
  endsSoon,
  knownAuthorities,
  withGivenKey,
  withKey,
} from '../ca/authorities.ts';
import { createCa, renewIssuer, renewRoot } from '../ca/create.ts';
import type { CaParts } from '../ca/parts.ts';
import { listsPem, makeLists, missingText, tryToPublish } from '../ca/revocation-lists.ts';
import type { KeyKind } from '../crypto/authority.ts';
import { makePkcs12 } from '../crypto/pkcs12-export.ts';
import { readPkcs12 } from '../crypto/pkcs12-import.ts';
import { type AuthorityView, viewAuthority } from './cert-views.ts';
import { AdminError } from './context.ts';
import { type Input, oneOf, optionalSecret, text } from './input.ts';
import { change, listing } from './operation.ts';

const KEY_KINDS = ['p256', 'p384', 'rsa3072', 'rsa4096'] as const satisfies readonly KeyKind[];
const keyKind = (input: Input): KeyKind => oneOf(input, 'key', KEY_KINDS, 'rsa3072');

/** An organisation name in a certificate has at most 64 characters (RFC 5280 appendix A). */
const MAX_NAME = 64;

interface GivenRoot {
  /** PKCS #12, base64. */
  readonly root: string;
  readonly password: string;
}

function givenRoot(input: Input): GivenRoot | undefined {
  const root = input.root;
  if (root === undefined || root === null) return undefined;
  if (typeof root !== 'string' || root.length > 64 * 1024 || !/^[A-Za-z0-9+/=]*$/.test(root))
    throw new AdminError(
      'invalid',
      'Cannot use the file of the root: expected the one that "sluis ca export-root" wrote',
    );
  return { root, password: optionalSecret(input, 'root-password') ?? '' };
}

async function openRoot(ca: CaParts, given: GivenRoot): Promise<SigningAuthority> {
  const read = await readPkcs12(Buffer.from(given.root, 'base64'), given.password);
  const [key] = read.ok ? read.value.keys : [];
  if (!read.ok) throw new AdminError('invalid', `Cannot open the file of the root: ${read.error.text}`);
  if (key?.certificate === undefined)
    throw new AdminError('invalid', 'Cannot use the file of the root: it has no key with its certificate');
  return withGivenKey(currentOf(await knownAuthorities(ca), 'root'), key.privateKey, key.certificate);
}

const rollover = (input: Input) => ({ kind: keyKind(input), given: givenRoot(input) });

async function signerOf(ca: CaParts, given: GivenRoot | undefined): Promise<{ root?: SigningAuthority }> {
  return given === undefined ? {} : { root: await openRoot(ca, given) };
}

const views = (ca: CaParts, known: readonly KnownAuthority[]): AuthorityView[] =>
  known.map((one) => viewAuthority(one, (role, fingerprint) => ca.keys.has({ role, fingerprint })));

export interface CaView {
  readonly authorities: readonly AuthorityView[];
  /** What an operator should do, in sentences. */
  readonly advice: readonly string[];
}

function adviceOf(ca: CaParts, known: readonly KnownAuthority[]): string[] {
  const now = ca.clock.now();
  const root = currentOf(known, 'root');
  const issuing = currentOf(known, 'issuing');
  const advice: string[] = [];
  if (ca.keys.has({ role: 'root', fingerprint: root.record.fingerprint }))
    advice.push('The key of the root lies in the key folder; "sluis ca export-root --remove" takes it off line.');
  if (endsSoon(root, now)) advice.push('The root ends within 5 years; roll it over with "sluis ca renew-root".');
  else if (endsSoon(issuing, now))
    advice.push('The issuing authority would cut new certificates short; renew it with "sluis ca renew-issuer".');
  if (ca.crlFile === undefined)
    advice.push('No revocation list is published; set crl-file in section [ca] of the configuration.');
  return advice;
}

async function show(ca: CaParts): Promise<CaView> {
  const known = await knownAuthorities(ca);
  return { advice: adviceOf(ca, known), authorities: views(ca, known) };
}

/** Once an authority was made: its list is written at once, since whoever checks would else find none. */
async function showNew(ca: CaParts): Promise<CaView> {
  const problem = await tryToPublish(ca);
  const view = await show(ca);
  return problem === undefined ? view : { ...view, advice: [problem, ...view.advice] };
}

export interface ListsView {
  readonly pem: string;
  readonly lists: readonly {
    readonly issuer: string;
    /** Of the authority that issues now. */
    readonly current: boolean;
    readonly number: number;
    readonly entries: number;
    readonly nextUpdate: string;
    /** Base64. */
    readonly der: string;
  }[];
  /** Of which authorities there is no new one, and why. */
  readonly problems: readonly string[];
}

export const authorityOperations = {
  'ca.init': change(
    (input) => ({ organisation: text(input, 'organisation', MAX_NAME), kind: keyKind(input) }),
    async ({ ca }, input, { actor }): Promise<CaView> => {
      await createCa(ca, input, actor);
      return await showNew(ca);
    },
  ),
  'ca.show': listing(
    () => undefined,
    async ({ ca }): Promise<CaView> => await show(ca),
  ),
  'ca.crl': change(
    () => undefined,
    async ({ ca }): Promise<ListsView> => {
      currentOf(await knownAuthorities(ca), 'issuing');
      const { made, missing } = await makeLists(ca);
      const problems = missing.map(missingText);
      if (made.length === 0 && missing.length > 0) throw new AdminError('unknown', problems.join('. '));
      return {
        pem: listsPem(made),
        problems,
        lists: made.map(({ issuer, current, number, entries, nextUpdate, der }) => ({
          issuer: issuer.fingerprint,
          current,
          number,
          entries,
          nextUpdate: new Date(nextUpdate).toISOString(),
          der: der.toString('base64'),
        })),
      };
    },
  ),
  'ca.renew-issuer': change(rollover, async ({ ca }, { kind, given }, { actor }): Promise<CaView> => {
    await renewIssuer(ca, { kind, ...(await signerOf(ca, given)) }, actor);
    return await showNew(ca);
  }),
  'ca.renew-root': change(rollover, async ({ ca }, { kind, given }, { actor }): Promise<CaView> => {
    await renewRoot(ca, { kind, ...(await signerOf(ca, given)) }, actor);
    return await showNew(ca);
  }),
  /** The key leaves encrypted: the passphrase comes in, a PKCS #12 file goes out. */
  'ca.export-root': change(
    (input) => ({ password: optionalSecret(input, 'root-password') ?? '' }),
    async ({ ca }, { password }, { actor }): Promise<{ fingerprint: string; pkcs12: string }> => {
      if (password.length < 12)
        throw new AdminError(
          'invalid',
          'Cannot protect the key of the root: expected a passphrase of at least 12 characters',
        );
      const root = await withKey(ca, currentOf(await knownAuthorities(ca), 'root'));
      const { random } = ca;
      const file = await makePkcs12(root.privateKey, root.certificate, {
        password,
        random,
        friendlyName: 'Sluis root',
      });
      await ca.store.certificates.noteAuthority(root.record.fingerprint, 'key-exported', actor);
      return { fingerprint: root.record.fingerprint, pkcs12: file.toString('base64') };
    },
  ),
  /** Asks for the exported file: a key is removed only where somebody just showed that he can open its copy. */
  'ca.remove-root-key': change(givenRoot, async ({ ca }, given, { actor }): Promise<{ fingerprint: string }> => {
    if (given === undefined)
      throw new AdminError('invalid', 'Cannot remove the key of the root without its exported file');
    const { record, privateKey } = await openRoot(ca, given);
    const here = await withKey(ca, currentOf(await knownAuthorities(ca), 'root'));
    if (!here.privateKey.equals(privateKey))
      throw new AdminError('invalid', 'Cannot remove the key of the root: the exported file holds another key');
    await ca.store.certificates.noteAuthority(record.fingerprint, 'key-removed', actor);
    ca.keys.remove({ role: 'root', fingerprint: record.fingerprint });
    return { fingerprint: record.fingerprint };
  }),
};
