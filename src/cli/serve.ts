/** `sluis serve`. */
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { handedSockets } from '../platform/activation.ts';
import { systemClock } from '../platform/clock.ts';
import { refuseOpenssl } from './openssl.ts';
import { withConfig } from './options.ts';
import { runUntilStopped } from './run.ts';
import type { Terminal } from './terminal.ts';

export function addServeCommand(terminal: Terminal, program: Command): void {
  withConfig(program.command('serve'))
    .description('run the gateway; SIGTERM drains and stops it, SIGHUP reads configuration and certificates again')
    .action(async (options: { readonly config: string }) => {
      refuseOpenssl();
      const config = loadConfig(options.config);
      const sockets = handedSockets(process.env, process.pid);
      const [{ startGateway }, { createLog }, { supervisorOf }] = await Promise.all([
        import('../gateway.ts'),
        import('../platform/log.ts'),
        import('../platform/supervisor.ts'),
      ]);
      const log = createLog(config.log);
      const supervisor = supervisorOf(process.env, process.pid, log);
      terminal.code = await runUntilStopped(
        () => startGateway(config, { clock: systemClock, log, setLogLevel: (level) => log.setLevel(level), sockets }),
        log,
        supervisor,
      );
    });
}
