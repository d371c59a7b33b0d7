/** What `sluis sandbox` tells the vendor before it begins and while it waits. */
import { join } from 'node:path';
import { many } from '../../domain/counted.ts';
import type { DoorName } from '../../sandbox/doors.ts';
import type { Scenario } from '../../sandbox/scenario.ts';
import type { Wishes } from './wishes.ts';
import type { World } from './world.ts';

interface ContactNotice {
  readonly wishes: Wishes;
  readonly world: World;
  readonly folder: string;
  readonly ports: ReadonlyMap<DoorName, number>;
  readonly list: readonly Scenario[];
  readonly secret: string;
}

export function welcome({ wishes, world, folder, ports, list, secret }: ContactNotice): string {
  const port = (name: DoorName): number => ports.get(name) ?? 0;
  const { login, password } = world.program;
  const by = [
    wishes.fetch === undefined
      ? 'your program must poll by itself, every few seconds or minutes'
      : 'the sandbox runs your --fetch command',
    wishes.send === undefined ? 'you send a message when you are told to' : 'the sandbox runs your --send command',
  ];
  return `
The sandbox runs: a gateway for trying out, on which things go wrong. Set your program to it:

  host         ${wishes.hostname}
  fetching     POP3   port ${port('pop3s')} (TLS) or ${port('pop3')} (STLS)
  sending      SMTP   port ${port('submissions')} (TLS) or ${port('submission')} (STARTTLS)
  HTTPS API    https://${wishes.hostname}:${port('api')}/v1
  account      ${login}
  password     ${password}
  trust        ${join(folder, 'ca.pem')}   (as authority; without it your program refuses every certificate)
${wishes.webhook === undefined ? '' : `  webhooks     go to ${wishes.webhook}, signed with ${secret}\n`}
${list.length === 1 ? 'One scenario' : `${many(list.length, 'scenario')}, one after the other`}: ${by.join('; ')}. Each waits ${wishes.patience} s at most.
${
  wishes.stored === undefined
    ? 'Where your program stores is not known: give --stored FOLDER, and what is deleted before it is there is found too.\n'
    : `Your program stores in ${wishes.stored}: looked at whenever it deletes.\n`
}An hour of the gateway is ${wishes.hour} s here. Ctrl-C ends it, with the report of what was tried.
`;
}

export function waitingFor(scenario: Scenario, { fetch, send }: Wishes): string {
  const { speaks, to } = scenario;
  if (speaks === 'webhook') return '  Your receiver is called.';
  const command = speaks === 'pop3' ? fetch : speaks === 'any' ? (fetch ?? send) : send;
  if (command !== undefined && to === undefined) return '  Your command is run.';
  if (speaks === 'pop3' || speaks === 'any')
    return `  Waiting for your program to connect${speaks === 'any' ? ', to fetch or to send' : ''}.`;
  const whom = to === undefined ? '' : ` to ${to.join(', ')}`;
  if (speaks === 'https')
    return `  Send one message${whom} by POST /v1/messages${send === undefined ? ' now' : ': your command is run'}.`;
  return send === undefined
    ? `  Send ONE message${whom} now.`
    : `  Your command is run, to send one message${whom} (SANDBOX_TO).`;
}
