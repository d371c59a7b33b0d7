/** Start and end of the gateway, its configuration, its ports, its commands. */
import { type LogEvents, debug, either, error, info, warn } from './log-event.ts';

const FILES = 'Raise `LimitNOFILE` of the service.';
const REPORT = 'Keep the lines of this `session` and report them. Mail is not affected.';

export const PROCESS_EVENTS: LogEvents = {
  'gateway.started': info('The gateway has started; `version` is version and build, as `sluis --version` prints them.'),
  'gateway.stopping': info('The gateway was told to stop, and lets open sessions end.'),
  'gateway.stopped': info('The gateway has stopped in order.'),
  'gateway.cut': warn(
    'A second signal ended the drain time. What was interrupted is sent again by its client.',
    'Nothing. If nobody sent the signal, make `TimeoutStopSec=` of the unit longer than `connections.drain`.',
  ),
  'config.reloaded': info('The configuration was read again; `applied` names what changed.'),
  'config.needs-restart': warn(
    'The configuration was read again; `restart` names the settings that hold only after a restart.',
    'Restart in a quiet hour.',
  ),
  'config.refused': error(
    'SIGHUP found a configuration, key or certificate that cannot be used (`why`). Everything stays as it was.',
    '`sluis check` names every problem. Correct it, then `sluis reload`.',
  ),
  'supervisor.failed': warn(
    'systemd could not be told how the gateway is (`why`). Mail is not affected.',
    'Look at `NotifyAccess` of the unit and whether `systemd-notify` is there. Until then set `WatchdogSec=0`, or systemd restarts a gateway that is well.',
  ),
  'listener.open': info('A port is open.'),
  'listener.ends': warn(
    'A legacy listener closes in `days` days. The line comes daily in the last 30 days.',
    '`sluis account list`: move its accounts to the usual port. A later `profile-until` is a decision of the security officer.',
  ),
  'listener.ended': error(
    'The last day of a legacy listener is over. It is closed; the other listeners continue.',
    '`sluis account list`: move its accounts to the usual port. A later `profile-until` is a decision of the security officer.',
  ),
  'proxy.refused': warn(
    'A connection to a port behind a load balancer began without a good PROXY header (`why`), and was dropped.',
    'Look at the configuration of the load balancer. If the peer is somebody else, close the port at the firewall.',
  ),
  'http.open': info('The port for health and metrics is open.'),
  'http.metric-failed': warn('A metric could not be read (`why`) and is left out.', REPORT),
  'http.failed': error('A fault in answering at the port for health and metrics.', REPORT),
  'http.listener': error('The port for health and metrics has failed.', REPORT),
  'tls.reloaded': info('New sessions get the new certificate.'),
  'tls.refused': error(
    'A new key or certificate cannot be used. The old ones stay in use.',
    '`sluis check` names the problem. Put the pair in place again, key first.',
  ),
  'tls.ticket-key': debug('Earlier sessions no longer resume.'),
  'doctor.found': either(
    ['warn', 'error'],
    'The gateway examined itself and found something new (`finding`, `severity`, `what`).',
    '`sluis doctor`; [SluisDoctorFound].',
  ),
  'doctor.cleared': info('An earlier finding is gone.'),
  'doctor.failed': error(
    'The examination could not run (`why`). It runs again at its next time.',
    '`sluis doctor` shows the same fault; [SluisDoctorSilent].',
  ),
  'control.open': info('A control socket of a role is open: `role`, `group`, `path`.'),
  'operators.rule-changed': warn(
    'The configuration asks a second person for other verbs (`now`) than at the start before (`before`).',
    'Was it you? If not, tell the security officer now. `sluis audit list --event operators.` says when it changed.',
  ),
  'admin.done': info('An operator changed something: `operation`, `actor`, `reason`, and whom it was about.'),
  'admin.refused': warn('A command asked for what cannot be done. Whoever gave it was told.', 'Nothing.'),
  'admin.failed': error('A command ended unexpectedly.', '`sluis status`, then give it again. Report the line.'),
  'daily.failed': error(
    'A daily round (`what`) did not end. It runs again tomorrow.',
    'If it fails twice, do what `why` says.',
  ),
  'console.answered': either(
    ['debug', 'warn'],
    'A request of the console: page, status, operator, time. It is a warning from status 500 on.',
    'See `console.failed`.',
  ),
  'console.refused': info(
    'The console refused a login, code or cookie. `why` is `passkey`, `challenge`, `replayed`, `counter`, `code`, `network`, `throttled` or `break-glass`; of a login at the OpenID provider also `down`, `denied`, `provider`, `state`, `strength`, `groups`, `ended` or `registered`.',
  ),
  'console.break-glass': error(
    'Somebody logged in with the break-glass account; the line says from where.',
    'Find out who it was. If it was not meant to be: `sluis operator session end`, then `sluis operator end break-glass`. Make new secrets after each use: `sluis operator break-glass make`.',
  ),
  'console.break-glass-untold': error(
    'The letter about the use of the break-glass account could not be filed (`error`).',
    'Look at the store. Tell whoever must know yourself.',
  ),
  'console.provider': warn(
    'The OpenID provider did not answer (`fault` is `down`), or its answer does not fit (`provider`).',
    '`down`: does it answer from this machine, with the certificate of `console.oidc.authorities`? `provider`: `why` names the cause, often the secret, the clock or the issuer. Operators use passkeys meanwhile.',
  ),
  'console.failed': error(
    'A page of the console could not be made (`error`).',
    'Look at `/ready` and the lines of the store. If these are good, report the line.',
  ),
  'console.turned-away': warn(
    'As `smtp.connection-refused`, of the console.',
    'Look at the limits of `[connections]` and `networks` of the listener.',
  ),
  'console.listener': error('The console accepts no connections for a moment (file descriptors).', FILES),
  'self-service.answered': either(
    ['debug', 'warn'],
    'A request of the pages of accounts: page, status, account, time. It is a warning from status 500 on. For a mail program that looks for its settings `page` is `autoconfig`, `autodiscover` or `dav`; the address is not logged.',
    'See `self-service.failed`.',
  ),
  'self-service.refused': info(
    'The pages of accounts refused a code or cookie: `why` is `code`, `network` or `throttled`. Passwords count as logins of mail.',
  ),
  'self-service.failed': error(
    'A page of an account could not be made (`error`).',
    'Look at `/ready` and the lines of the store. If these are good, report the line.',
  ),
  'self-service.turned-away': warn(
    'As `smtp.connection-refused`, of the pages of accounts.',
    'Look at the limits of `[connections]` and `networks` of the listener.',
  ),
  'self-service.listener': error('The pages of accounts take no connections for a moment (file descriptors).', FILES),
  'https.answered': either(
    ['info', 'debug', 'warn'],
    'One answer of the API: method, `path` (the route, without ids), status, `ms`, the number of the `account`, the `request` that its client may quote, and `why` for a problem. A warning from status 500 on; debug for what only reads.',
    '`store`: see `store.failed`. `login-not-judged`: [SluisLoginsNotJudged]. `failed`: the line `https.error` with the same `request`.',
  ),
  'https.error': error(
    'A request failed for an internal error (`error`). Its client got the number `request` only.',
    'Look at `/ready`, the store and the disk. If these are good, report the lines.',
  ),
  'https.broken': error(
    'An answer broke off in its middle (`error`).',
    'Look at `/ready`, the store and the disk. If these are good, report the lines.',
  ),
  'https.failed': error(
    'An answer could not be written (`error`).',
    'Look at `/ready`, the store and the disk. If these are good, report the lines.',
  ),
  'https.turned-away': warn(
    'As `smtp.connection-refused`, of the API.',
    'Look at the limits of `[connections]` and `networks` of the listener.',
  ),
  'https.listener': error('The API accepts no connections for a moment (file descriptors).', FILES),
  'api.key-not-noted': warn(
    'A request of the API was done, and the store could not note that (`why`). The same Idempotency-Key is refused from now on.',
    'Nothing, unless it continues.',
  ),
  'webhook.failed': warn(
    'A receiver did not accept an event (`webhook`, `why`, `failures` in a row). The gateway tries again.',
    '[SluisWebhookPaused]. Mail is not affected.',
  ),
  'webhook.paused': warn(
    'After ten failures in a row a webhook no longer gets events. Its owner has a letter.',
    '[SluisWebhookPaused].',
  ),
  'webhook.gone': warn(
    'A receiver answered 410. Its webhook has ended, and its owner has a letter.',
    '[SluisWebhookPaused].',
  ),
  'webhook.untold': error(
    'The owner of a webhook could not be told by mail (`why`).',
    'Look at the lines of the store beside it; `sluis webhook list`.',
  ),
  'webhook.passed-over': warn(
    'A webhook was paused for so long that events of more than 7 days ago are left out.',
    '[SluisWebhookPaused].',
  ),
  'webhook.not-run': error(
    'An internal error, or one of the store, in telling webhooks (`why`). It is tried again in a second.',
    'Look at the lines of the store beside it; `sluis webhook list`.',
  ),
  'probe.failed': warn(
    'A probe of a site failed (`site`, `host`, `cause`, `why`, `failures` in a row).',
    '[SluisProbeFailing].',
  ),
  'probe.recovered': info('A probe of a site succeeded again.'),
  'probe.not-written': warn(
    'The result of a probe could not be written (`why`). It is written later.',
    'Look at the lines of the store beside it.',
  ),
};
