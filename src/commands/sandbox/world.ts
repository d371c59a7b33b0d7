/**
 * The gateway of the sandbox. It is a real one in a folder that is thrown away, with an account for
 * the program under test and a hospital that sends and receives mail.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { loadConfig } from '../../config/load.ts';
import { generatePassword } from '../../crypto/passwords/password-generate.ts';
import { OWNER_SAID } from '../../domain/roles.ts';
import type { Gateway } from '../../gateway.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Stage } from '../../sandbox/scenario.ts';
import { FULL, LAB, POLI } from '../../sandbox/scenarios/parts.ts';
import type { Sender } from '../../sandbox/submit.ts';
import type { Behind } from '../../sandbox/upstream.ts';
import { freshDevelopmentCertificates } from '../init/development.ts';
import { initialise } from '../init/files.ts';
import { writeNew } from '../init/write.ts';

/** Addresses of the hospital besides its login name. */
const HOSPITAL = [LAB, POLI, 'oud@ziekenhuis.test', 'nieuw@ziekenhuis.test'];
export const PROGRAM = 'programma@praktijk.test';

export interface World {
  readonly behind: Behind;
  readonly program: Sender;
  readonly hospital: Sender;
  readonly certificates: { readonly ca: Pem; readonly server: Pem };
  readonly operate: Stage['operate'];
  close(): Promise<void>;
}
interface Pem {
  readonly key: string;
  readonly certificate: string;
}

/**
 * Opens the gateway. `folder` is kept, so that what a vendor has set in a program, such as
 * authority and password, still works at the next run.
 */
export async function openWorld(folder: string, hostname: string): Promise<World> {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  await freshDevelopmentCertificates(folder, hostname);
  const pem = (name: string): Pem => ({
    key: readFileSync(file(`${name}-key.pem`), 'utf8'),
    certificate: readFileSync(file(`${name}.pem`), 'utf8'),
  });
  const certificates = { ca: pem('ca'), server: pem('server') };
  if (new X509Certificate(certificates.server.certificate).checkHost(hostname) === undefined)
    throw new CommandError(
      'conflict',
      `Cannot use the folder "${folder}" for the host name "${hostname}": its certificate has other names; give another --folder`,
    );
  if (!existsSync(file('password.txt'))) writeNew(file('password.txt'), `${generatePassword()}\n`, 0o600);
  const program = { login: PROGRAM, password: readFileSync(file('password.txt'), 'utf8').trim() };
  const place = mkdtempSync(join(tmpdir(), 'sluis-sandbox-'));
  try {
    const config = join(place, 'sluis.toml');
    await initialise({
      config,
      hostname,
      data: join(place, 'store'),
      certificates: folder,
      listen: '127.0.0.1',
      portBase: 0,
      freePorts: true,
      api: true,
    });
    const [{ startGateway }, { createLog }] = await Promise.all([
      import('../../gateway.ts'),
      import('../../platform/log.ts'),
    ]);
    const log = createLog({ level: 'error', format: 'pretty' });
    const gateway = await startGateway(loadConfig(config), { clock: systemClock, log });
    const { runOperation } = await import('../../admin/operations.ts');
    const call = {
      actor: { name: 'sluis sandbox', reason: 'a scenario of the sandbox' },
      who: OWNER_SAID,
      progress: () => undefined,
    };
    const hospital = { login: LAB, password: generatePassword() };
    const port = (name: string): number => portOf(gateway, name);
    for (const [name, title] of [
      ['praktijk', 'Praktijk van de sandbox'],
      ['ziekenhuis', 'Ziekenhuis van de sandbox'],
    ] as const)
      await runOperation('organisation.add', gateway.admin, { name, title, language: 'nl' }, call, log);
    for (const { login, password, organisation, address } of [
      { ...program, organisation: 'praktijk', address: [PROGRAM] },
      { ...hospital, organisation: 'ziekenhuis', address: HOSPITAL },
      { login: FULL, password: generatePassword(), organisation: 'ziekenhuis', address: [FULL] },
    ])
      await runOperation(
        'account.add',
        gateway.admin,
        { login, password, organisation, address, kind: 'mail' },
        call,
        log,
      );
    return {
      behind: {
        host: hostname,
        ports: { submissions: port('submissions'), pop3s: port('pop3s'), api: port('api') },
        ca: certificates.ca.certificate,
      },
      program,
      hospital,
      certificates,
      operate: async (name, input) => {
        await runOperation(name, gateway.admin, input as never, call, log);
      },
      close: async () => {
        await gateway.stop({ drain: 'none' });
        rmSync(place, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw error;
  }
}

const portOf = ({ listeners }: Gateway, name: string): number =>
  listeners.find(({ spec }) => spec.name === name)?.port ?? 0;
