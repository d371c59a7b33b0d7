/** The configuration of a console that uses the real oidc-provider. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { testCertificates } from './certificates.ts';
import { freePort } from './instance.ts';
import { type RealProvider, startRealProvider } from './openid.ts';

export interface WithProvider {
  readonly provider: RealProvider;
  readonly port: number;
  readonly prepare: (folder: string) => void;
  readonly configuration: string;
}

export async function withProvider(t: TestContext): Promise<WithProvider> {
  const port = await freePort();
  const provider = await startRealProvider(t, `https://mail.test:${port}/login/provider`);
  const { certificate: ca } = (await testCertificates()).ca;
  return {
    ...{ provider, port },
    prepare: (folder) => {
      writeFileSync(join(folder, 'oidc.secret'), `${provider.secret}\n`, { mode: 0o600 });
      writeFileSync(join(folder, 'oidc-ca.pem'), ca);
    },
    configuration: `[auth]
exempt-networks = ["127.0.0.0/8"]
refusal-grid = "0s"
[console.oidc]
issuer = "${provider.issuer}"
client-id = "${provider.clientId}"
secret-file = "oidc.secret"
authorities = ["oidc-ca.pem"]
name = "Test login"
scope = "openid profile groups"
amr = ["mfa"]
amr-with-certificate = ["pwd"]
support-groups = ["help"]
security-groups = ["chiefs"]
`,
  };
}
