/**
 * `sluis dev`, which `npm start` runs: a complete gateway for development in the current folder,
 * with throw-away certificates and demo accounts. Never use any of it in service.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { generatePassword } from '../crypto/passwords/password-generate.ts';
import type { Log } from '../domain/effects.ts';
import { days } from '../domain/units.ts';
import { OWNER_SAID } from '../domain/roles.ts';
import type { Gateway } from '../gateway.ts';
import { systemClock } from '../platform/clock.ts';
import { refuseOpenssl } from '../cli/openssl.ts';
import { runUntilStopped } from '../cli/run.ts';
import { folder as path } from './core/files.ts';
import { flag, opt } from './core/params.ts';
import { runsHere } from './core/row.ts';
import { freshDevelopmentCertificates } from './init/development.ts';
import { initialise } from './init/files.ts';
import { writeNew } from './init/write.ts';

const HOST = 'localhost';
const PORT_BASE = 2000;
const OPERATOR = 'demo';
const TOKEN_LIFE = days(90);

const organisations = [
  { name: 'laboratorium', title: 'Demo laboratorium' },
  { name: 'praktijk', title: 'Demo huisartsenpraktijk' },
] as const;
const accounts = [
  { login: 'uitslagen@lab.test', organisation: 'laboratorium', kind: 'edi' },
  { login: 'assistente@praktijk.test', organisation: 'praktijk', kind: 'mail' },
  { login: 'dokter@praktijk.test', organisation: 'praktijk', kind: 'mail' },
] as const;
type Login = (typeof accounts)[number]['login'];
type Passwords = ReadonlyMap<string, string>;

export const dev = runsHere({
  about: 'run a development gateway with demo accounts in the current folder (npm start)',
  in: {
    folder: opt(path, 'where data/ and certs-dev/ are; default: the current folder', '.'),
    freePorts: flag('with a new data folder: take free ports instead of 2587, 2465, 2110, 2995, 2443 and 2080'),
  },
  right: 'owner',
  shares: [],
  examples: ['--folder trial --free-ports'],
  run: async ({ terminal }, { folder: place, freePorts }) => {
    refuseOpenssl();
    const folder = resolve(place);
    const config = resolve(folder, 'data', 'sluis.toml');
    if (await prepare(folder, config, freePorts))
      terminal.out(
        `The certificates in ${resolve(folder, 'certs-dev')} were near their end and were made again: mail programs must trust ca.pem again.\n`,
      );
    const [{ startGateway }, { createLog }] = await Promise.all([
      import('../gateway.ts'),
      import('../platform/log.ts'),
    ]);
    const log = createLog({ level: 'info', format: 'pretty' });
    terminal.code = await runUntilStopped(
      async () => await startGateway(loadConfig(config), { clock: systemClock, log }),
      log,
      {
        begun: async (gateway) => {
          const passwords = await demoAccounts(gateway, resolve(folder, 'data', 'demo-accounts.txt'), log);
          const token = await demoToken(gateway, resolve(folder, 'data', 'demo-token.txt'), log);
          terminal.out(welcome(gateway, passwords, token, relative(process.cwd(), folder)));
        },
      },
    );
    return undefined;
  },
});

/** Makes what a development gateway needs. True if old certificates were replaced. */
async function prepare(folder: string, config: string, freePorts: boolean): Promise<boolean> {
  const certificates = resolve(folder, 'certs-dev');
  mkdirSync(certificates, { recursive: true });
  const known = existsSync(resolve(certificates, 'server.pem'));
  const renewed = (await freshDevelopmentCertificates(certificates, HOST)) && known;
  if (existsSync(config)) return renewed;
  await initialise({
    config,
    hostname: HOST,
    data: resolve(folder, 'data', 'store'),
    certificates,
    listen: '127.0.0.1',
    portBase: PORT_BASE,
    freePorts,
    api: true,
  });
  return renewed;
}

/**
 * Registers the demo accounts that are missing. Resolves to the passwords by login name; empty if
 * the file with them is gone.
 */
async function demoAccounts(gateway: Gateway, file: string, log: Log): Promise<Passwords> {
  if (existsSync(file)) return readPasswords(file);
  const { runOperation } = await import('../admin/operations.ts');
  const call = { actor: { name: 'sluis dev' }, who: OWNER_SAID, progress: () => undefined };
  const known = await runOperation('organisation.list', gateway.admin, {}, call, log);
  if (known.some((o) => organisations.some((demo) => demo.name === o.name))) return new Map();
  const passwords = new Map(accounts.map(({ login }) => [login, generatePassword()]));
  // The file is written first: an account whose password nobody knows could only be repaired by
  // hand.
  writeNew(file, [...passwords].map(([login, password]) => `${login} ${password}\n`).join(''), 0o600);
  for (const organisation of organisations)
    await runOperation('organisation.add', gateway.admin, organisation, call, log);
  for (const account of accounts) {
    const input = { ...account, address: [account.login], password: passwords.get(account.login) };
    await runOperation('account.add', gateway.admin, input, call, log);
  }
  return passwords;
}

/**
 * The token of an operator who may register accounts. Undefined if the gateway has no listener of
 * the API, or if the file with the token is gone.
 */
async function demoToken(gateway: Gateway, file: string, log: Log): Promise<string | undefined> {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const { store, admin } = gateway;
  const known = (await store.operators.list()).some(({ name }) => name === OPERATOR);
  if (known || !gateway.listeners.some(({ spec }) => spec.name === 'api')) return undefined;
  const { runOperation } = await import('../admin/operations.ts');
  const call = { actor: { name: 'sluis dev' }, who: OWNER_SAID, progress: () => undefined };
  await runOperation('operator.add', admin, { name: OPERATOR, role: 'registry' }, call, log);
  const ends = new Date(systemClock.now() + TOKEN_LIFE).toISOString().slice(0, 10);
  const made = await runOperation('operator.token.add', admin, { name: OPERATOR, scope: 'registry', ends }, call, log);
  writeNew(file, `${made.token}\n`, 0o600);
  return made.token;
}

const readPasswords = (file: string): Passwords =>
  new Map(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([login, password]) =>
        login === undefined || password === undefined ? [] : [[login, password] as const],
      ),
  );

function welcome(gateway: Gateway, passwords: Passwords, token: string | undefined, folder: string): string {
  const port = (name: string): number => gateway.listeners.find((l) => l.spec.name === name)?.port ?? 0;
  const at = (file: string): string => (folder === '' ? file : `${folder}/${file}`);
  const of = (login: Login): string => passwords.get(login) ?? 'PASSWORD';
  const [from, to] = [accounts[0].login, accounts[1].login];
  return `
Sluis runs. Settings for a mail program (trust ${at('certs-dev/ca.pem')} as authority):

  outgoing  SMTP  ${HOST}  port ${port('submission')} (STARTTLS) or ${port('submissions')} (TLS)
  incoming  POP3  ${HOST}  port ${port('pop3')} (STARTTLS) or ${port('pop3s')} (TLS)

  name                      password${passwords.size === 0 ? ' (the file data/demo-accounts.txt is gone; add one with "sluis account password add")' : ''}
${accounts.map(({ login }) => `  ${login.padEnd(24)}  ${of(login)}`).join('\n')}

Send a message:

  printf 'From: ${from}\\r\\nTo: ${to}\\r\\nSubject: Proef\\r\\n\\r\\nGoedemorgen.\\r\\n' | curl -sS --ssl-reqd --cacert ${at('certs-dev/ca.pem')} --user '${from}:${of(from)}' --mail-from ${from} --mail-rcpt ${to} --upload-file - smtp://${HOST}:${port('submission')}

Fetch it:

  curl -sS --cacert ${at('certs-dev/ca.pem')} --user '${to}:${of(to)}' pop3s://${HOST}:${port('pop3s')}/1

Manage it:

  npx sluis account list --config ${at('data/sluis.toml')}

${overHttps(port('api'), at('certs-dev/ca.pem'), { login: from, password: of(from), to, token })}${watch(gateway)}Ctrl-C stops it; the next start finds everything again.

`;
}

interface HttpsFacts {
  readonly login: string;
  readonly password: string;
  readonly to: string;
  readonly token: string | undefined;
}

/** How to do the same over the API, if it has a listener. */
function overHttps(port: number, ca: string, { login, password, to, token }: HttpsFacts): string {
  if (port === 0) return '';
  const url = `https://${HOST}:${port}/v1`;
  const json = JSON.stringify({ from: login, to: [to], subject: 'Proef', text: 'Goedemorgen.' });
  const manage =
    token === undefined
      ? ''
      : `\n  curl -sS --cacert ${ca} --header 'Authorization: Bearer ${token}' ${url}/accounts\n`;
  return `Over HTTPS (${url}/ shows the whole API): send, and manage with the token of a demo operator:

  curl -sS --cacert ${ca} --user '${login}:${password}' --header "Idempotency-Key: $(date +%s%N)" --json '${json}' ${url}/messages
${manage}
`;
}

const watch = ({ http }: Gateway): string =>
  http === undefined
    ? ''
    : `Watch it:

  http://${http.address}:${http.port}/metrics (for Prometheus), /ready and /live

`;
