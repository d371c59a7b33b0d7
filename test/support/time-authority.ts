/** A time-stamping authority for tests: `openssl ts -reply` behind a small HTTP server. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './store.ts';

export interface TimeAuthority {
  readonly url: string;
  /** PEM file of its root. */
  readonly root: string;
  readonly folder: string;
  readonly asked: () => number;
  /** How it answers from now on: rightly, with this HTTP status, or with the answer changed. */
  answer(how: 'good' | number | ((good: Buffer) => Buffer)): void;
  /** Issues another certificate of the root with its key: `NAME.pem`, `NAME.key`. */
  readonly issue: (name: string, usage: string) => void;
  readonly openssl: (...args: string[]) => { readonly code: number | null; readonly text: string };
}

const CONFIG = `
[tsa]
default_tsa = one
[one]
serial = SERIAL
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
tsa_name = yes
ordering = no
clock_precision_digits = 3
`;

export async function startTimeAuthority(t: Cleanup): Promise<TimeAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-tsa-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): { code: number | null; text: string } => {
    const ran = spawnSync('openssl', args, { cwd: folder });
    return { code: ran.status, text: `${ran.stdout.toString()}${ran.stderr.toString()}` };
  };
  const must = (...args: string[]): void => {
    const ran = openssl(...args);
    if (ran.code !== 0) throw new Error(`openssl ${args.join(' ')}: ${ran.text}`);
  };
  writeFileSync(at('tsa.cnf'), CONFIG.replace('SERIAL', at('serial')));
  must(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-days',
    '30',
    '-subj',
    '/CN=Time root',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  const issue = (name: string, usage: string): void => {
    writeFileSync(at(`${name}.ext`), `keyUsage=critical,digitalSignature\nextendedKeyUsage=${usage}\n`);
    must(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=Time ${name}`,
    );
    must(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      '20',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  };
  issue('tsa', 'critical,timeStamping');
  let how: 'good' | number | ((good: Buffer) => Buffer) = 'good';
  let asked = 0;
  const server: Server = createServer((request, answer) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      asked += 1;
      if (typeof how === 'number') return void answer.writeHead(how).end('no');
      writeFileSync(at('query.tsq'), Buffer.concat(pieces));
      must(
        'ts',
        '-reply',
        '-config',
        'tsa.cnf',
        '-queryfile',
        'query.tsq',
        '-signer',
        'tsa.pem',
        '-inkey',
        'tsa.key',
        '-out',
        'reply.tsr',
      );
      const good = readFileSync(at('reply.tsr'));
      answer.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(how === 'good' ? good : how(good));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    root: at('root.pem'),
    folder,
    asked: () => asked,
    answer: (next) => (how = next),
    issue,
    openssl,
  };
}
