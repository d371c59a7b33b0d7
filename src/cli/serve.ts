/** `sluis serve`, `sluis status`, `sluis reload`. */
import type { Command } from 'commander';
import type { ReloadReport } from '../admin/context.ts';
import { loadConfig } from '../config/load.ts';
import { many } from '../domain/counted.ts';
import { handedSockets } from '../platform/activation.ts';
import { systemClock } from '../platform/clock.ts';
import { withAdmin } from './connect.ts';
import { refuseOpenssl } from './openssl.ts';
import { type ChangeOptions, type CommonOptions, changing, reading, withConfig } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { runUntilStopped } from './run.ts';
import { readyCode, readyText } from './readiness.ts';
import type { Terminal } from './terminal.ts';

export function addServeCommands(terminal: Terminal, program: Command): void {
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

  reading(program.command('status'))
    .description('show the running gateway')
    .action(async (options: CommonOptions) => {
      const status = await withAdmin(options, (client) => client.call('gateway.status', {}));
      print(terminal, options, status, () =>
        [
          facts([
            ['Host name', status.hostname],
            ['Version', status.version ?? 'of before builds were told'],
            ['Ready', readyText(status.reasons)],
            ['Process', status.process],
            ['Since', readableTime(status.since)],
            ['Connections', status.connections],
            ['Free', readableSize(status.free)],
            ['Waiting', `${many(status.waiting, 'message')} for a commit`],
          ]),
          '',
          table(
            ['LISTENER', 'PROTOCOL', 'TLS', 'PROFILE', 'ADDRESS', 'PORT'],
            status.listeners.map((l) => [
              l.name,
              l.protocol,
              l.tls,
              l.until === undefined ? l.profile : `${l.profile} ${l.closed ? 'ended' : 'until'} ${l.until}`,
              l.address,
              l.port,
            ]),
          ),
          ...(status.partners.length === 0
            ? []
            : [
                '',
                table(
                  ['PARTNER', 'ATTEMPTS', 'STATE'],
                  status.partners.map((p) => [p.name, p.active, p.why === '' ? 'answers' : p.why]),
                ),
              ]),
        ].join('\n'),
      );
      for (const { name, text } of status.reasons) terminal.err(`Not ready, ${name}: ${text}\n`);
      terminal.code = readyCode(status.reasons);
    });

  changing(program.command('reload'))
    .description('read configuration, keys and certificates again; open sessions go on')
    .action(async (options: ChangeOptions) => {
      const done = await withAdmin(options, (client) => client.call('gateway.reload', {}));
      print(terminal, options, done, () => reloaded(done));
    });
}

function reloaded({ applied, restart }: ReloadReport): string {
  return [
    'New sessions get the certificate that is there now.',
    applied.length === 0 ? '' : `Holds from now on: ${applied.join(', ')}.`,
    restart.length === 0 ? '' : `Changed in the file, and waits for a restart: ${restart.join(', ')}.`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
