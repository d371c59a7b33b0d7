/** The hook for certbot and lego in docs/run.md, ready to run beside a gateway of a test. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';

const ROOT = join(import.meta.dirname, '..', '..');

/** The whole hook as the page prints it. */
export const printedHook = (): string => readFileSync(join(ROOT, 'docs', 'examples', 'renewal', 'deploy-hook'), 'utf8');

export interface HookPlace {
  /** Path of the hook. */
  readonly hook: string;
  /** Its environment, with `sluis` in the PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** `folder`: of the test. `tls`: where the gateway reads server-key.pem and server.pem. */
export function placeHook(
  folder: string,
  { host, tls, config, hooks = folder }: { host: string; tls: string; config: string; hooks?: string },
): HookPlace {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  mkdirSync(hooks, { recursive: true });
  const main = join(ROOT, 'scripts', 'sluis.mjs');
  writeFileSync(join(bin, 'sluis'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
  const hook = join(hooks, 'sluis');
  writeFileSync(hook, printedHook(), { mode: 0o755 });
  return {
    hook,
    env: {
      PATH: `${bin}:${process.env.PATH ?? ''}`,
      SLUIS_HOST: host,
      SLUIS_TLS: tls,
      SLUIS_CONFIG: config,
    },
  };
}

/**
 * Runs a program beside a gateway in this process, which must answer meanwhile. Ends the program
 * after a minute.
 */
export function runBeside(
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const out of [child.stdout, child.stderr]) out.on('data', (slice: Buffer) => (text += slice.toString()));
    child.once('error', reject).once('close', (code) => resolve({ code, text }));
  });
}

/** SHA-256 of the certificate that a port with implicit TLS shows, as OpenSSL writes it. */
export function shownAt(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      const shown = socket.getPeerX509Certificate()?.fingerprint256;
      socket.destroy();
      if (shown === undefined) reject(new Error('no certificate was shown'));
      else resolve(shown);
    });
    socket.once('error', reject);
  });
}
