/**
 * A process that opens connections and says nothing, for test/faults/silent-flood.test.ts. Its
 * argument is a `Flood` as JSON. What the gateway ends is opened again, `connections` times in all.
 * It prints how many were opened when its standard input ends, and leaves.
 */
import { type Socket, connect } from 'node:net';

export interface Flood {
  readonly ports: readonly number[];
  readonly sources: readonly string[];
  /** To open in all. */
  readonly connections: number;
  /** Open at a time at most. */
  readonly held: number;
}

/** Opened in one turn. */
const STEP = 25;
const EVERY = 20;

const { ports, sources, connections, held } = JSON.parse(process.argv[2] ?? '') as Flood;
const open = new Set<Socket>();
let opened = 0;

const one = (): void => {
  const n = opened++;
  const localAddress = sources[n % sources.length] ?? '127.0.0.1';
  const socket = connect({ port: ports[n % ports.length] ?? 0, host: '127.0.0.1', localAddress });
  open.add(socket);
  socket.on('error', () => undefined).once('close', () => open.delete(socket));
  // Read, so that a close of the other side is seen; answered with nothing.
  socket.resume();
};
const timer = setInterval(() => {
  for (let i = 0; i < STEP && opened < connections && open.size < held; i += 1) one();
}, EVERY);
process.stdin.resume().once('end', () => {
  clearInterval(timer);
  process.stdout.write(JSON.stringify({ opened, open: open.size }));
  for (const socket of open) socket.destroy();
});
