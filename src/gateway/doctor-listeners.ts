/** Doctor's look at the listeners: what each offers, over a connection of its own. */
import { hostnameOf } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { systemClock } from '../platform/clock.ts';
import { probeTls } from '../platform/tls-probe.ts';
import { ProbeFailed, type ProbeTarget } from '../platform/tls-probe-connection.ts';
import { type ListenerReport, judgeOffer } from './doctor-report.ts';

type ConfiguredListener = Config['listener'][number];

/** Examines a listener. Throws ProbeFailed. */
export async function examineListener(config: Config, listener: ConfiguredListener): Promise<ListenerReport> {
  const { name, profile, 'profile-until': until } = listener;
  const hostname = hostnameOf(config, listener);
  const offer = await probeTls(targetOf(hostname, listener));
  return judgeOffer(offer, { listener: name, profile, until, hostname, now: systemClock.now() });
}

/** What is wrong with a listener, for a gateway that examines itself. */
export async function listenerFindings(
  config: Config,
  listener: ConfiguredListener,
): Promise<readonly DoctorFinding[]> {
  const id = `listener.${listener.name}`;
  try {
    const { passed, worst, findings } = await examineListener(config, listener);
    const bad = findings.filter(({ grade }) => grade === worst).map(({ what }) => what);
    return passed ? [] : [{ id, severity: 'failure', what: `TLS is ${worst}: ${bad.slice(0, 5).join('; ')}` }];
  } catch (error) {
    if (!(error instanceof ProbeFailed)) throw error;
    // It may be open only to other networks, or expect a load balancer's header.
    return [{ id, severity: 'warning', what: `it cannot be examined from here: ${error.message}` }];
  }
}

/** What to probe. An address that stands for all of this machine is reached at the loopback. */
const targetOf = (servername: string, { protocol, tls, address, port }: ConfiguredListener): ProbeTarget => ({
  protocol,
  tls,
  host: address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address,
  port,
  servername,
});
