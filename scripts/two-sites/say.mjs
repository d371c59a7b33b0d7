// What the demo says: where to connect, and how to pull the plug.
import { relative } from 'node:path';
import { ACCOUNTS, configOf } from './gateways.mjs';
import { SERVERS, placeOf } from './plan.mjs';
import { ROOT } from './programs.mjs';

export function welcome(plan, passwords, seconds) {
  const { folder, ports, pids, front } = plan;
  const [from, to] = ACCOUNTS;
  const ca = `${folder}/noord/certs-dev/ca.pem`;
  const scripts = relative(process.cwd(), ROOT) || '.';
  return `
Sluis runs on two sites, ${seconds.toFixed(1)} s after the start. Behind one address (${front}) two gateways, over three servers of PostgreSQL: noord-1 is the
primary, and each commit waits for zuid-1 or derde-1 (the third place). Settings for a mail program (trust ${ca}):

  outgoing  SMTP  localhost  port ${ports.submission} (STARTTLS) or ${ports.submissions} (TLS)
  incoming  POP3  localhost  port ${ports.pop3} (STARTTLS) or ${ports.pop3s} (TLS)

  name                      password
${[...passwords].map(([login, password]) => `  ${login.padEnd(24)}  ${password}`).join('\n')}

Send a message:

  printf 'From: ${from}\\r\\nTo: ${to}\\r\\nSubject: Proef\\r\\n\\r\\nGoedemorgen.\\r\\n' | curl -sS --ssl-reqd --cacert ${ca} --user '${from}:${passwords.get(from)}' --mail-from ${from} --mail-rcpt ${to} --upload-file - smtp://localhost:${ports.submission}

Fetch it:

  curl -sS --cacert ${ca} --user '${to}:${passwords.get(to)}' pop3s://localhost:${ports.pop3s}/1

Pull the plug of site noord, its gateway and the primary:

  kill -9 ${pids['gw-noord']} ${pids['noord-1']}

From then on nobody is served: what noord had acknowledged may be at either of the two others, and nobody decides by himself. Promote zuid-1, if it has all of it:

  node ${scripts}/scripts/two-sites/promote.mjs zuid-1 ${folder}

It is refused where derde-1 has more; then promote that. Send and fetch again, at the same address. Or, in place of the plug:

  kill -9 ${pids['gw-zuid']}        one gateway dies: new sessions go to the other at once
  kill -STOP ${pids['line-noord-zuid']}      the line noord-zuid is cut, nobody is told; derde-1 confirms. kill -CONT ${pids['line-noord-zuid']} mends it
  kill -STOP ${pids['line-noord-derde']}      the line noord-derde as well: nothing is acknowledged until one is mended (kill -CONT ${pids['line-noord-derde']})
  kill -STOP ${pids['noord-1']}      the primary hangs: 451; kill -CONT ${pids['noord-1']} wakes it up

What a gateway says of it:

  npx sluis status --config ${configOf(plan, 'zuid')}
  npx sluis check --config ${configOf(plan, 'zuid')}

Ctrl-C ends all of it; nothing is kept.
`;
}

/** When a program has ended that nobody stopped. */
export function endedText({ folder }, name) {
  const scripts = relative(process.cwd(), ROOT) || '.';
  if (name.startsWith('gw-')) return `The gateway ${name} has ended; the other one takes what comes.`;
  if (!SERVERS.includes(name)) return `${name} has ended.`;
  const others = SERVERS.filter((other) => other !== name);
  return `${name} has ended. If it was the primary: node ${scripts}/scripts/two-sites/promote.mjs ${others.find((other) => placeOf(other) !== 'derde')} ${folder}`;
}
