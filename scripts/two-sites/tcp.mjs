// TCP forwarding, as a process of its own: `node tcp.mjs PORT=TARGET[,TARGET] ...`. With one target it is a line between two places: stopped by SIGSTOP it is
// cut as a network is cut, nothing arrives and nobody is told, and SIGCONT mends it. With several it is a plain load balancer for where HAProxy is not
// installed: it asks each gateway twice a second (`--ready PORT,PORT`, in the order of the targets) and goes to one that is ready.
import { createServer, connect } from 'node:net';
import { get } from 'node:http';

const [, , ...words] = process.argv;
const at = words.indexOf('--ready');
const asked = at < 0 ? [] : words.splice(at, 2)[1].split(',').map(Number);
const isReady = asked.map(() => true);
const EVERY = 500;
const CONNECT_WITHIN = 1000;

function look(n) {
  const request = get({ host: '127.0.0.1', port: asked[n], path: '/ready', timeout: EVERY }, (response) => {
    response.resume();
    isReady[n] = response.statusCode === 200;
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => (isReady[n] = false));
}
if (asked.length > 0) setInterval(() => asked.forEach((_, n) => look(n)), EVERY);

let turn = 0;
/** In turn those that are ready; where none is, one after the other: they say themselves what they cannot do. */
function targetsOf(targets) {
  const all = targets.map((_, n) => (n + turn) % targets.length);
  turn += 1;
  return [...all.filter((n) => isReady[n] ?? true), ...all.filter((n) => isReady[n] === false)].map((n) => targets[n]);
}

function join(client, targets) {
  const [target, ...others] = targets;
  if (target === undefined) return client.destroy();
  const server = connect({ port: target, host: '127.0.0.1', noDelay: true });
  const late = setTimeout(() => server.destroy(new Error('late')), CONNECT_WITHIN);
  server.once('connect', () => {
    clearTimeout(late);
    server.removeAllListeners('error');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      from.on('error', () => to.destroy());
      from.once('close', () => to.destroySoon());
      from.pipe(to);
    }
  });
  server.once('error', () => {
    clearTimeout(late);
    server.destroy();
    join(client, others);
  });
}

for (const word of words) {
  const [port, targets] = word.split('=');
  const server = createServer({ noDelay: true }, (client) => {
    client.on('error', () => undefined);
    join(client, targetsOf(targets.split(',').map(Number)));
  });
  server.listen(Number(port), '127.0.0.1');
}
