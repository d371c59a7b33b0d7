/** `sluis serve`: runs the gateway. */
import { refuseOpenssl } from '../cli/openssl.ts';
import { runUntilStopped } from '../cli/run.ts';
import { handedSockets } from '../platform/activation.ts';
import { systemClock } from '../platform/clock.ts';
import { runsHere } from './core/row.ts';

export const serve = runsHere({
  about: 'run the gateway; SIGTERM drains and stops it, SIGHUP reads configuration and certificates again',
  in: {},
  right: 'owner',
  shares: ['config'],
  examples: ['', '--config sluis.toml'],
  run: async (here) => {
    refuseOpenssl();
    const config = here.config();
    const sockets = handedSockets(process.env, process.pid);
    const [{ startGateway }, { createLog }, { supervisorOf }] = await Promise.all([
      import('../gateway.ts'),
      import('../platform/log.ts'),
      import('../platform/supervisor.ts'),
    ]);
    const log = createLog(config.log);
    const supervisor = supervisorOf(process.env, process.pid, log);
    here.terminal.code = await runUntilStopped(
      () => startGateway(config, { clock: systemClock, log, setLogLevel: (level) => log.setLevel(level), sockets }),
      log,
      { supervisor },
    );
    return undefined;
  },
});
