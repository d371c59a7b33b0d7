/**
 * Examines what the gateway offers at its own listeners, each over a connection of its own. A
 * listener that does not answer is reported; it is not an error.
 */
import { maxDrillAgeOf } from '../config/backup.ts';
import { hostnameOf, profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Examined, ExaminedListener } from '../domain/examined.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed } from '../platform/tls-probe-connection.ts';
import { examineListener } from './doctor-listeners.ts';

type Configured = Config['listener'][number];

/** `ports`: the ports that the system chose, by the names of their listeners. */
export async function examinedOf(config: Config, ports: ReadonlyMap<string, number>): Promise<Examined> {
  const listeners: ExaminedListener[] = [];
  // One after the other: each is some thirty handshakes.
  for (const listener of config.listener) listeners.push(await examined(config, listener, ports));
  return { listeners, drillWithin: maxDrillAgeOf(config) };
}

async function examined(
  config: Config,
  listener: Configured,
  ports: ReadonlyMap<string, number>,
): Promise<ExaminedListener> {
  const { name, protocol, tls, profile, 'profile-until': until } = listener;
  const port = listener.port || (ports.get(name) ?? 0);
  const known = { name, protocol, tls, profile, host: hostnameOf(config, listener), port, ...defined({ until }) };
  if (profileEnded(listener, systemClock.now())) return { ...known, problem: 'ended' };
  if (port === 0) return { ...known, problem: 'no gateway' };
  try {
    const { passed, worst, findings, unprobed } = await examineListener(config, { ...listener, port });
    const told = findings.map(({ about, what, grade }) => ({ about, what, grade }));
    return { ...known, judged: { passed, worst, findings: told, unprobed } };
  } catch (error) {
    if (!(error instanceof ProbeFailed)) throw error;
    return { ...known, problem: 'no answer' };
  }
}
