/** A whole gateway for tests of commands, and a folder of the test beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Commands, commandsOn } from './command-line.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './gateway.ts';
import { SmtpClient } from './smtp-client.ts';

export interface CommandScene extends Commands {
  readonly gateway: TestGateway;
  /** A path in the test's own folder, outside the gateway's. */
  readonly at: (name: string) => string;
  /** Anna sends a message of about `size` octets that ends in `end of ID`. */
  readonly submit: (to: string, id: string, size?: number) => Promise<void>;
}

/** Starts the gateway. Gateway and folder are removed when the test ends. */
export async function commandScene(t: TestContext, options: TestGatewayOptions): Promise<CommandScene> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-scene-'));
  const gateway = await startTestGateway(options);
  t.after(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...commandsOn(() => gateway.config.file),
    gateway,
    at: (name) => join(folder, name),
    submit: async (to, id, size = 100) => {
      const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
      const head = `From: <${addressOf('anna')}>\r\nTo: <${to}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${id}@x.test>\r\n\r\n`;
      const body = `${'0123456\r\n'.repeat(size / 9)}end of ${id}\r\n`;
      await client.submit(addressOf('anna'), [to], Buffer.from(head + body));
      await client.quit();
    },
  };
}
