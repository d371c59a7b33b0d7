/**
 * Stores that released versions left behind: `test/fixtures/VERSION`, each made by the `make.mjs`
 * in its folder.
 */
import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { systemClock } from '../../src/platform/clock.ts';

export const RELEASED_HOST = 'mail.ledger.test';

export interface HandedOut {
  readonly uidl: string;
  readonly octets: number;
  /** SHA-256 in 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What the version itself said of its store. */
export interface Expected {
  /** When it was made, in ISO 8601. */
  readonly made: string;
  /** Ids of messages, by the name that `make.mjs` gives each. */
  readonly ids: Readonly<Record<string, string>>;
  /** Messages by account, in the order of the maildrop. */
  readonly mailboxes: Readonly<Record<string, readonly HandedOut[]>>;
  readonly traced: Readonly<Record<string, Traced>>;
  readonly audit: Verified;
  readonly queue: { readonly deliveries: readonly Delivery[] };
  readonly certificates: readonly Listed[];
  readonly pgpKeys: readonly Listed[];
}

export interface Traced {
  readonly sha256: string;
  readonly parts: readonly { readonly part: string; readonly octets: number; readonly sha256: string }[];
  readonly copies: readonly { readonly recipient: string; readonly state: string; readonly protection?: string }[];
}

export interface Verified {
  readonly report: { readonly kind: string; readonly rows: number };
  readonly anchors: number;
}

export interface Delivery {
  readonly id: number;
  readonly message: string;
  readonly recipient: string;
  readonly state: string;
}

export interface Listed {
  readonly fingerprint: string;
  readonly account: string;
  readonly keyHeld: boolean;
}

export interface Released {
  readonly folder: string;
  readonly config: Config;
  readonly expected: Expected;
  /** The authority of a server certificate that is valid on the day of the test, in PEM. */
  readonly ca: string;
}

/**
 * A copy that the test may serve and change; it is removed when the test ends. `more`: lines of
 * TOML, whole sections.
 */
export async function releasedStore(t: TestContext, version: string, more = ''): Promise<Released> {
  const source = fileURLToPath(new URL(`../fixtures/${version}/`, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'sluis-released-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(source, 'store'), folder, { recursive: true });
  onlyForOwner(folder);
  const { ca, server } = await makeDevelopmentCertificates([RELEASED_HOST], systemClock.now());
  writeFileSync(join(folder, 'certs-dev', 'server-key.pem'), server.key);
  writeFileSync(join(folder, 'certs-dev', 'server.pem'), server.certificate);
  const file = join(folder, 'sluis.toml');
  writeFileSync(file, `${readFileSync(file, 'utf8').replace(/^port = \d+$/gm, 'port = 0')}\n${more}`);
  const expected = JSON.parse(readFileSync(join(source, 'expected.json'), 'utf8')) as Expected;
  return { folder, config: loadConfig(file), expected, ca: ca.certificate };
}

/** Git does not keep modes, and a gateway refuses keys that others can read. */
function onlyForOwner(folder: string): void {
  chmodSync(folder, 0o700);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) onlyForOwner(path);
    else chmodSync(path, 0o600);
  }
}
