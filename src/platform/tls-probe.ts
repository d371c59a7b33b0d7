/**
 * Finds out what a TLS port offers, by handshakes that ask for one thing at a time.
 *
 * The client is Node's own OpenSSL, so it can ask only for what OpenSSL can do: SSL 2 and 3, RC4,
 * 3DES, export suites, compression and the absence of the extended master secret are not found
 * (testssl.sh finds them; `npm run check:tls`). One connection is open at a time, so that the
 * limits of the gateway are not reached.
 */
import type { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, type TLSSocket, type SecureVersion, connect, createSecureContext } from 'node:tls';
import { PATIENCE, ProbeFailed, type ProbeTarget, openForTls } from './tls-probe-connection.ts';

export interface TlsOffer {
  readonly versions: readonly string[];
  /** Suites in the server's order of preference, TLS 1.3 first. */
  readonly suites: readonly string[];
  readonly curves: readonly string[];
  /** Certificates, one for each key type. */
  readonly certificates: readonly X509Certificate[];
  /** True if the server lets a client renegotiate. Asked in TLS 1.2 only. */
  readonly renegotiates: boolean;
  /** True if the server signs a handshake with SHA-1. */
  readonly signsSha1: boolean;
  /** What this build of OpenSSL cannot ask for. */
  readonly unprobed: readonly string[];
}

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[];

const suites13 = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
];
const combine = (kinds: readonly string[], ends: readonly string[]): string[] =>
  kinds.flatMap((kind) => ends.map((end) => `${kind}${end}`));
const cbcEnds = ['AES256-SHA384', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'];
const suites12 = [
  ...combine(
    ['ECDHE-ECDSA-', 'ECDHE-RSA-'],
    ['AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-GCM-SHA256', ...cbcEnds],
  ),
  ...combine(['ECDHE-ECDSA-', 'DHE-RSA-', ''], ['AES256-CCM', 'AES128-CCM', 'AES256-CCM8', 'AES128-CCM8']),
  ...combine(
    ['DHE-RSA-', ''],
    ['AES256-GCM-SHA384', 'AES128-GCM-SHA256', 'AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'],
  ),
  'DHE-RSA-CHACHA20-POLY1305',
  ...combine(
    ['ECDHE-ECDSA-', 'ECDHE-RSA-', 'DHE-RSA-', ''],
    ['CAMELLIA256-SHA384', 'CAMELLIA256-SHA256', 'CAMELLIA128-SHA256'],
  ),
  ...combine(['ECDHE-ECDSA-', 'ECDHE-', 'DHE-RSA-', ''], ['ARIA256-GCM-SHA384', 'ARIA128-GCM-SHA256']),
  ...combine(['ECDHE-ECDSA-', 'ECDHE-RSA-', ''], ['DES-CBC3-SHA', 'RC4-SHA', 'NULL-SHA']),
  ...combine(['ADH-', 'AECDH-'], ['AES256-SHA', 'AES128-SHA']),
];
const curves = [
  'X25519MLKEM768',
  ...['X25519', 'X448', 'prime256v1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'brainpoolP384r1'],
  ...['brainpoolP512r1', 'secp256k1', 'secp224r1', 'prime192v1', 'sect283k1', 'sect571r1'],
];
const signatures = {
  ecdsa: 'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512',
  rsa: 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512',
  eddsa: 'ed25519:ed448',
};

/**
 * A list of suites. With SECLEVEL 0, since we look for what our own OpenSSL would refuse by
 * default.
 */
const asking = (names: readonly string[]): string =>
  (names.every((name) => name.startsWith('TLS_')) ? names : [...names, '@SECLEVEL=0']).join(':');

const canAsk = (options: ConnectionOptions): boolean => {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
};

/** Throws ProbeFailed if the port cannot be reached, or offers no version of TLS. */
export async function probeTls(target: ProbeTarget): Promise<TlsOffer> {
  const prober = new Prober(target);
  const offered: SecureVersion[] = [];
  for (const version of versions) {
    if (await prober.takes({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' }))
      offered.push(version);
  }
  if (offered.length === 0) throw new ProbeFailed(`no version of TLS is offered on port ${target.port}`);
  const modern = offered.includes('TLSv1.3');
  const old: SecureVersion | undefined = offered.filter((version) => version !== 'TLSv1.3').at(-1);
  const known12 = suites12.filter((name) => canAsk({ ciphers: asking([name]), maxVersion: 'TLSv1.2' }));
  const suites = modern ? await prober.suites(suites13, 'TLSv1.3') : [];
  if (old !== undefined) suites.push(...(await prober.suites(known12, old)));
  const only = (version: SecureVersion | undefined): ConnectionOptions =>
    version === undefined ? {} : { minVersion: version, maxVersion: version };
  const askedCurves = curves.filter((name) => canAsk({ ecdhCurve: name }));
  const found: string[] = [];
  for (const name of askedCurves) {
    // TLS 1.3 knows fewer curves.
    const ways: readonly SecureVersion[] = [
      ...(old === undefined ? [] : [old]),
      ...(modern ? (['TLSv1.3'] as const) : []),
    ];
    for (const version of ways) {
      const suites = version === 'TLSv1.3' ? suites13 : known12.filter((n) => n.startsWith('ECDHE'));
      if (!(await prober.takes({ ...only(version), ecdhCurve: name, ciphers: asking(suites) }))) continue;
      found.push(name);
      break;
    }
  }
  const certificates: X509Certificate[] = [];
  for (const sigalgs of Object.values(signatures)) {
    const certificate = await prober.certificate({ sigalgs, ciphers: asking([...suites13, ...known12]) });
    if (certificate !== undefined && !certificates.some((c) => c.fingerprint256 === certificate.fingerprint256))
      certificates.push(certificate);
  }
  const tls12 = offered.includes('TLSv1.2');
  return {
    versions: offered,
    suites,
    curves: found,
    certificates,
    renegotiates: tls12 && (await prober.renegotiates()),
    signsSha1:
      tls12 && (await prober.takes({ ...only('TLSv1.2'), sigalgs: 'RSA+SHA1:ECDSA+SHA1', ciphers: asking(known12) })),
    unprobed: [
      'SSL 2 and 3',
      'compression',
      'extended master secret',
      ...suites12.filter((name) => !known12.includes(name)),
      ...curves.filter((name) => !askedCurves.includes(name)),
    ],
  };
}

class Prober {
  readonly #target: ProbeTarget;

  constructor(target: ProbeTarget) {
    this.#target = target;
  }

  async takes(options: ConnectionOptions): Promise<boolean> {
    const socket = await this.#handshake(options);
    socket?.destroy();
    return socket !== undefined;
  }

  async certificate(options: ConnectionOptions): Promise<X509Certificate | undefined> {
    const socket = await this.#handshake(options);
    const certificate = socket?.getPeerX509Certificate();
    socket?.destroy();
    return certificate;
  }

  /**
   * The suites that the server takes, its favourite first: asks for all, leaves out what it chose,
   * and asks again.
   */
  async suites(names: readonly string[], version: SecureVersion): Promise<string[]> {
    const chosen: string[] = [];
    let left = [...names];
    while (left.length > 0) {
      const socket = await this.#handshake({ minVersion: version, maxVersion: version, ciphers: asking(left) });
      if (socket === undefined) break;
      const { name } = socket.getCipher();
      socket.destroy();
      if (!left.includes(name)) break;
      chosen.push(name);
      left = left.filter((n) => n !== name);
    }
    return chosen;
  }

  async renegotiates(): Promise<boolean> {
    const socket = await this.#handshake({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    if (socket === undefined) return false;
    const done = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#target.patience ?? PATIENCE);
      socket.once('close', () => resolve(false));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => {
        clearTimeout(timer);
        resolve(error === null);
      });
    });
    socket.destroy();
    return done;
  }

  /**
   * Undefined if the server refuses the handshake; throws ProbeFailed if no handshake could begin.
   */
  async #handshake(options: ConnectionOptions): Promise<TLSSocket | undefined> {
    const plain = await openForTls(this.#target);
    return await new Promise((resolve) => {
      const secure = connect({
        ...options,
        socket: plain,
        servername: this.#target.servername,
        // The caller compares the certificate with the configuration; whether its issuer is trusted
        // is for the peers to judge.
        rejectUnauthorized: false,
      });
      const timer = setTimeout(() => secure.destroy(), this.#target.patience ?? PATIENCE);
      const ended = (socket?: TLSSocket): void => {
        clearTimeout(timer);
        if (socket === undefined) plain.destroy();
        resolve(socket);
      };
      secure.on('error', () => ended());
      secure.once('close', () => ended());
      secure.once('secureConnect', () => ended(secure));
    });
  }
}
