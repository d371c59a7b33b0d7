/**
 * Reads the certificates that belong to no account: those of listeners, of trusted authorities and
 * our own, of evidence, of partners. In the running gateway those of listeners and client
 * authorities are the ones in use; if no gateway serves, the files are read.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { CaParts } from '../ca/parts.ts';
import { type AuthoritiesSetting, readAuthorityFiles, readTlsMaterial } from '../config/files.ts';
import type { Config } from '../config/schema.ts';
import { type Certificate, readCertificate, readCertificates } from '../crypto/certificates/certificate.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { evidenceCertificateFile } from '../crypto/trail/evidence-keys.ts';
import type {
  GatewayCertificate,
  GatewayCertificateKind,
  GatewayCertificates,
} from '../crypto/certificates/gateway-certificates.ts';
import { type Renewal, isRenewedByProgram } from '../domain/renewal.ts';
import { everyPartner } from '../admin/every-partner.ts';
import type { PartnerId } from '../domain/ids.ts';
import type { Partner } from '../domain/partner.ts';
import type { TlsMaterial } from '../platform/listener.ts';
import type { Store } from '../store/port/store.ts';

export interface CertificateSources {
  readonly config: Config;
  readonly store: Pick<Store, 'certificates' | 'registry'>;
  /**
   * What listeners serve, by their name, and the authorities whose client certificates may log in;
   * absent if no gateway serves.
   */
  readonly tls?: {
    readonly material: ReadonlyMap<string, readonly TlsMaterial[]>;
    readonly authorities: readonly Certificate[];
  };
  /** What each partner's server showed at the last push, DER; absent if no gateway serves. */
  readonly shown?: ReadonlyMap<PartnerId, Uint8Array>;
  /** True if the private key of our own authority lies in the key folder. */
  readonly ca: { readonly keys: Pick<CaParts['keys'], 'has'> };
}

const PAGE = 50;

/**
 * Rejects only if the store fails. Any other certificate that cannot be read is named in `unread`.
 */
export function gatewayCertificates(sources: CertificateSources): () => Promise<GatewayCertificates> {
  const { config } = sources;
  // What the last call has read: every scrape asks, and reading a certificate takes some tenths of
  // a millisecond. Certificates that are no longer in use are forgotten.
  let before = new Map<string, readonly Certificate[]>();
  return async () => {
    const known = new Map<string, readonly Certificate[]>();
    const read: Read = async (text) => {
      const earlier = known.get(text) ?? before.get(text);
      const found = earlier ?? certificatesIn(text);
      known.set(text, found);
      // A bundle of 140 takes 20 to 50 ms: others have their turn between two bundles.
      if (earlier === undefined) await turn();
      return found;
    };
    const certificates: GatewayCertificate[] = [];
    const unread: { kind: GatewayCertificateKind; why: string }[] = [];
    const add = async (
      kind: GatewayCertificateKind,
      look: () => Promise<readonly GatewayCertificate[]>,
    ): Promise<void> => {
      try {
        certificates.push(...(await look()));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        unread.push({ kind, why: why.replace(/\s*\n\s*/g, ' ') });
      }
    };
    const authorities = (kind: GatewayCertificateKind, setting: AuthoritiesSetting): Promise<void> =>
      add(kind, async () => {
        const found: GatewayCertificate[] = [];
        for (const { pem } of readAuthorityFiles(config, setting))
          found.push(...(await read(pem)).map((c) => authority(kind, c)));
        return found;
      });
    const { tls } = sources;
    for (const listener of config.listener)
      await add('listener', async () => {
        const material =
          tls === undefined ? readTlsMaterial(config, listener) : (tls.material.get(listener.name) ?? []);
        const found: GatewayCertificate[] = [];
        for (const { certificate } of material)
          found.push(...ofListener(listener.name, config.tls.renewal, await read(certificate)));
        return found;
      });
    if (tls === undefined) await authorities('client-authority', 'tls.client-authorities');
    else certificates.push(...tls.authorities.map((c) => authority('client-authority', c)));
    await authorities('mail-authority', 'smime.authorities');
    await authorities('time-stamp-authority', 'audit.timestamp-authorities');
    await add('evidence', () => ofEvidence(config, read));
    certificates.push(...(await ownAuthorities(sources)));
    for await (const partner of partnersOf(sources.store)) {
      const shown = sources.shown?.get(partner.id);
      for (const [kind, look] of Object.entries(OF_PARTNER))
        await add(kind as keyof typeof OF_PARTNER, () => look(partner, read, shown));
    }
    before = known;
    return { certificates, unread };
  };
}

/** Reads PEM, or DER as latin-1. Throws if it is neither. */
type Read = (text: string) => Promise<readonly Certificate[]>;

function certificatesIn(text: string): readonly Certificate[] {
  if (text.includes('-----BEGIN')) {
    const read = readCertificates(text);
    if (read.ok) return read.value;
    throw new Error(`Cannot read the certificate: ${read.error.text}`);
  }
  const read = readCertificate(Buffer.from(text, 'latin1'));
  if (read.ok) return [read.value];
  throw new Error(`Cannot read the certificate: ${read.error.text}`);
}

const short = ({ fingerprint }: Certificate): string => fingerprint.slice(0, 16);

const authority = (kind: GatewayCertificateKind, certificate: Certificate, owner = ''): GatewayCertificate => ({
  kind,
  certificate,
  scope: owner,
  keyHeld: false,
  name: owner === '' ? short(certificate) : `${owner} ${short(certificate)}`,
});

const isSelfSigned = ({ subject, issuer }: Certificate): boolean => formatName(subject) === formatName(issuer);

/**
 * The certificate of a listener and its chain: an expired one in the chain keeps clients out. A
 * root at the end of the chain does not matter to them.
 */
const ofListener = (
  listener: string,
  renewal: Renewal,
  [own, ...chain]: readonly Certificate[],
): readonly GatewayCertificate[] =>
  own === undefined
    ? []
    : [
        {
          kind: 'listener',
          certificate: own,
          scope: listener,
          keyHeld: true,
          name: `${listener} ${own.publicKey.asymmetricKeyType ?? 'other'}`,
          // A certificate that is served is in use, even if another of that name is served beside
          // it.
          replaced: false,
          ...(isRenewedByProgram(renewal, own) && { renewed: true as const }),
        },
        ...chain.filter((c) => !isSelfSigned(c)).map((c) => authority('listener', c, listener)),
      ];

async function ofEvidence(config: Config, read: Read): Promise<readonly GatewayCertificate[]> {
  let pem: string;
  try {
    pem = readFileSync(evidenceCertificateFile(config.keys.folder), 'utf8');
  } catch (error) {
    // The certificate is made when evidence is first signed, so a missing file is no fault.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return (await read(pem)).map((certificate) => ({
    kind: 'evidence',
    certificate,
    scope: '',
    keyHeld: true,
    name: short(certificate),
  }));
}

async function ownAuthorities({ store, ca }: CertificateSources): Promise<readonly GatewayCertificate[]> {
  return (await store.certificates.listAuthorities()).flatMap(({ role, current, der, fingerprint }) => {
    const certificate = readCertificate(Buffer.from(der));
    if (!certificate.ok) return [];
    const one = authority(role, certificate.value);
    return [role === 'cross' ? one : { ...one, replaced: !current, keyHeld: ca.keys.has({ role, fingerprint }) }];
  });
}

async function* partnersOf({ registry }: Pick<Store, 'registry'>): AsyncGenerator<Partner, void, undefined> {
  for await (const partner of everyPartner(registry, PAGE)) if (partner.state !== 'ended') yield partner;
}

type OfPartner = (
  partner: Partner,
  read: Read,
  shown: Uint8Array | undefined,
) => Promise<readonly GatewayCertificate[]>;

const OF_PARTNER = {
  'partner-certificate': async ({ name, server }, read) => {
    const [own, ...chain] = server.certificate === undefined ? [] : await read(server.certificate);
    if (own === undefined) return [];
    const leaf = { kind: 'partner-certificate', name, certificate: own, scope: name, keyHeld: true } as const;
    return [{ ...leaf, replaced: false }, ...chain.map((c) => authority('partner-certificate', c, name))];
  },
  'partner-authority': async ({ name, server }, read) =>
    (server.authorities === undefined ? [] : await read(server.authorities)).map((c) =>
      authority('partner-authority', c, name),
    ),
  'partner-server': async ({ name, server }, read, shown) =>
    (shown === undefined ? [] : await read(Buffer.from(shown).toString('latin1'))).map((certificate) => ({
      kind: 'partner-server',
      name,
      certificate,
      scope: name,
      keyHeld: false,
      // A pin of the key outlives the certificate, if the next one has the same key.
      pinned: (server.pins ?? []).some((pin) => pin.of === 'certificate' && pin.sha256 === certificate.fingerprint),
    })),
} as const satisfies Partial<Record<GatewayCertificateKind, OfPartner>>;
