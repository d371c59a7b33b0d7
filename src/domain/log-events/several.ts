/** PostgreSQL, and the gateways that share a store on it. */
import { type LogEvents, debug, either, error, info, warn } from './log-event.ts';

const REWIND = 'Stop that server. It comes back only by pg_rewind or as a full copy.';

export const SEVERAL_EVENTS: LogEvents = {
  'store.node-started': info('This gateway has a number among the `node`s that write into the store.'),
  'store.node-again': info('Another gateway took that number first, and this one tries again.'),
  'store.clock-apart': either(
    ['warn', 'error'],
    'The clock of this machine is `ahead` of that of the database by so many milliseconds: more than 2 s; error: more than a minute.',
    'Have both set by NTP (`chronyc tracking` on each). Leases go by the clock of the database; times in mail and in the trail go by this one.',
  ),
  'store.clock-near': info('The two clocks agree again.'),
  'store.counts-not-told': debug(
    '`counts` of guesses and messages were not told to the other gateways (`why`). They count at this one alone.',
  ),
  'store.job-taken': info('This gateway does what must be done once (`job`), because nobody did.'),
  'store.job-lost': info('Another gateway does that `job` now.'),
  'store.registry-not-seen': warn(
    'The database does not say whether accounts have changed (`why`). After a second no login succeeds until it does.',
    'Look at the primary and the network to it. Nothing is lost; senders come again.',
  ),
  'store.registry-seen': info('The registry can be read again.'),
  'store.unacknowledged': error(
    'Nothing is acknowledged (`cause`, `why`, `remedy`): another place would not hold it, or no primary is found. Senders get 451 and lose nothing.',
    'Do what `remedy` says. `cause` is `diverged`: stop the server that it names **now**; it comes back only by pg_rewind or as a full copy. [SluisNotAcknowledging].',
  ),
  'store.acknowledges': info('Mail is acknowledged again, on this `primary`. `alone`: one place holds it.'),
  'store.alone': warn(
    'One place alone holds what is acknowledged, as an operator allowed.',
    'Bring another place back, and set `synchronous_standby_names` again before the time ends; [SluisStoreAlone].',
  ),
  'store.servers': warn('A server calls itself primary and is it no longer (`why`).', REWIND),
  'store.waiting': warn(
    'A start, or `sluis init`, waits for its servers for at most so many `seconds` (`why`).',
    'Nothing if it continues. Where the start is refused, do what `why` says.',
  ),
  'store.disconnected': warn(
    'Connections to the primary are lost or cannot be made, first those of a `purpose` (`why`). They are made again by themselves.',
    'Nothing if it passes within seconds, as after a promotion. Else do what `why` says.',
  ),
  'store.connected': info('All connections to the primary stand again.'),
  'store.hint-lost': debug('Other gateways were not told at once that something waits. They find it by themselves.'),
  'store.list-not-kept': warn(
    'The list of standbys of `primary` could not be written down (`why`). It is tried again.',
    'Nothing if it passes. Until then `site promote --check` may not know the list; `--facts` takes it from a file.',
  ),
  'store.filing-upkeep-failed': warn(
    'What acceptances left behind (figures that wait, keys of resubmissions) could not be written (`why`). The next round does it.',
    'Nothing if the store was away for a moment. Again and again: [SluisNotAcknowledging].',
  ),
  'site.alone': warn(
    'An operator lets one place alone acknowledge until `until`. The line comes at each start too.',
    'Bring another place back: [SluisStoreAlone].',
  ),
  'site.alone-holds': warn('One place alone may still acknowledge. The line comes each hour.', '[SluisStoreAlone].'),
  'site.alone-ended': warn(
    'One place alone may no longer acknowledge: it was ended `by` an operator, or `by` its time.',
    '[SluisStoreAlone].',
  ),
  'site.alone-unreadable': error(
    'What `sluis site alone` wrote (`file`) cannot be read (`why`). It allows nothing.',
    'Where it is still needed, give the command again.',
  ),
  'cluster.listening': info('The port for the other gateways is open: `address`, `port`, `node`.'),
  'cluster.heard': info('Another gateway answers: `peer`, `node`, `site`.'),
  'cluster.silent': warn(
    'Another gateway does not answer: `peer`, `why`. One line for each change.',
    '[SluisGatewaySilent].',
  ),
  'cluster.refused': either(
    ['error', 'warn'],
    'Two gateways may not exchange anything: `peer`, `code`, `why`, in both logs. Warn if somebody else tried, or asked too much.',
    'Do what `why` says: a name, the store, the master key or a certificate. `same-name`: two machines run with one `cluster.node`, often from a copied configuration.',
  ),
  'cluster.keys-missing': warn(
    'This gateway starts and lacks keys of `days` days that the store needs, the `first` of them. It asks the others for half a minute.',
    'Nothing if it then serves. Else the start is refused, and its line names who was asked: let one that has the keys run and be reached.',
  ),
  'cluster.clock': warn(
    'The clock of `peer` is `ahead` milliseconds ahead (below zero: behind), more than a minute.',
    '[SluisClocksApart].',
  ),
  'cluster.certificate': error(
    'The certificate of this gateway for the others has ended, or cannot be read (`why`).',
    'Put a new one of the authority of the cluster in its place. No restart is needed.',
  ),
  'cluster.certificate-read': info('A new certificate for the others is in use.'),
  'cluster.key-made': info('The key of `day` was made.'),
  'cluster.key-taken': info('The key of `day` came from another gateway.'),
  'cluster.signing-key-taken': info('The `key` of an authority or of evidence came from another gateway.'),
  'cluster.kept-keys-taken': info('The kept keys of a closed `day` came from another gateway.'),
  'cluster.key-erased': info(
    'The key of `day` was destroyed on the word of another gateway and of the store, because the day was erased.',
  ),
  'cluster.day-closed': info('A `day` was closed, because a message of it was erased.'),
  'cluster.listener': error(
    'The port for other gateways accepts no connections for a moment (`why`).',
    'File descriptors: raise `LimitNOFILE` of the service.',
  ),
  'cluster.request-failed': error(
    'A request of another gateway failed here (`ask`, `why`). The next round tries it again.',
    'Look at the disk of the key folder.',
  ),
  'cluster.handshake-failed': debug('A TLS handshake with another gateway failed.'),
  'cluster.line-ended': debug('A connection to another gateway ended.'),
  'cluster.round-failed': debug('A round of questions to the other gateways failed.'),
};
