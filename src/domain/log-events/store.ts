/** The store and its disk, backups, the audit trail. */
import { type LogEvents, error, info, warn } from './log-event.ts';

const ONCE = 'Nothing, unless it goes on: then look at the disk.';
const DISK = 'Look at the disk. More than once: call for help.';
const DAMAGED =
  'Keep the disk as it is, copy `data/`, check the disk. `sluis trace ID` names the message: what is damaged is not handed out. Ask its sender to send it again.';

export const STORE_EVENTS: LogEvents = {
  'store.opened': info(
    'The store is open. `unclean`: the last end was a crash, and the database was checked: all of it up to 256 MiB, else the tables that decide where mail goes.',
  ),
  'store.checking': info('Every page of a larger database is being read beside the work.'),
  'store.checked': info('Every page was read (`seconds`).'),
  'store.not-checked': warn(
    'Not every page could be read (`why`). The gateway serves, and the next start begins again.',
    'Look for room and memory, then restart at a quiet moment; [SluisStoreUnread].',
  ),
  'store.damaged': error(
    'A page is damaged (`why`). No mail is accepted, the process ends with 6, and no later start serves the file.',
    '[SluisStoreFailed].',
  ),
  'store.failed': error(
    'A write or a sync of the disk failed. No mail is accepted, and the process ends with 6.',
    '[SluisStoreFailed].',
  ),
  'store.full': error('The disk is full. Mail is answered 452, and fetching goes on.', '[SluisDiskSoonFull].'),
  'store.disk-lost': error(
    'The data folder is gone, or its disk is not mounted (`why`). Mail is answered 452.',
    'Look where `data.folder` leads. Mount it again and restart the gateway; else stop it and call for help.',
  ),
  'store.space-returned': info(
    'There is room again. `reserve` is whole, or half: free room in the database stands in for the other half.',
  ),
  'store.reserve-changed': info(
    'The disk became short while the database has free room of deleted mail (`reserve` half), or has room again (whole). Mail goes on. Once half: make room before that is used up.',
  ),
  'store.content-damaged': error('Content did not verify. **Call for help.**', DAMAGED),
  'store.upgrading': info(
    'A new version brings the database to its form (`from`, `to`, `octets`), after a copy of it (`copy`: where, or none).',
  ),
  'store.upgrade-copy-removed': info('Such a copy was removed because its time was over (`copy`).'),
  'store.swept': info(
    'Uploads that a crash left, and messages past their time, were removed; with `account`: deleted mail of this mailbox beyond its quota.',
  ),
  'store.sweep-failed': error('A sweep failed. No mail is concerned.', DISK),
  'store.note-dropped': error('A note of the second rank was lost. No mail is concerned.', DISK),
  'store.notes-lost': error('Notes of the second rank were lost. No mail is concerned.', DISK),
  'store.quirks-late': warn('Counts of quirks could not be written (`why`). They go with the next ones.', ONCE),
  'store.quirks-dropped': warn(
    'More counts of quirks came at a time than memory is given for (`counts`). The totals are too low.',
    ONCE,
  ),
  'store.release-not-noted': warn('What a session without QUIT had fetched was not counted. It is sent again.', ONCE),
  'store.move-resumed': info(
    'An account went to another organisation and was cut short (`source`, `target`). The rest of its mail follows now.',
  ),
  'store.move-failed': error(
    'The same, and a step failed (`why`). Mail is in two mailboxes until the next start goes on. Nothing is lost.',
    'Start the gateway again: it goes on. Twice: call for help.',
  ),
  'store.move-not-resumed': warn(
    'A move of an account that was cut short could not be taken up again (`why`). It is tried each minute.',
    'Nothing while it comes once. Where it goes on, mend what `why` names.',
  ),
  'store.maildrop-taken-over': info('A silent session lost its mailbox to a new one of the same network.'),
  'store.messages-erased': info(
    'Erased messages of a day (`erased`) are closed in every backup. The keys of its other messages (`kept`) are in the key folder.',
  ),
  'store.day-key-erased': info('The mail of a day can no longer be read, in backups neither.'),
  'backup.taken': info(
    'A backup was taken: `backup`, `octets`, `seconds`, `messages`; `log`: octets to which the write-ahead log grew meanwhile.',
  ),
  'backup.copied': info('A backup stands elsewhere too (`where`). `verified`: it was read back there.'),
  'backup.kept-keys-destroyed': info(
    'Destroyed day keys were destroyed in `keys.before-rotation` too (`keys`: how many; `where`).',
  ),
  'backup.keys-copied': info(
    'The copy of the key folder is up to date (`where`): `files` written, day keys `destroyed`.',
  ),
  'backup.log-behind': warn(
    'The log behind base backups was not brought up to date (`why`): the primary changes, or the server of `backup.server` is behind. It is tried again, and `backup.failed` (`step` log) follows after 15 minutes.',
    'Nothing, if it is gone within minutes. Else [SluisBackupLogBehind].',
  ),
  'backup.failed': error(
    'A backup was not taken, or not copied elsewhere, or the key folder was not copied, or a destroyed day key still lies in `keys.before-rotation` (`step`, `why`). Mail goes on, and it is tried again.',
    '`sluis backup take` says why; look at the folder and its disk. [SluisBackupOld].',
  ),
  'backup.drilled': info('A drill restored a backup and proved it: messages `opened`, `erased`.'),
  'backup.drill-failed': error(
    'A backup cannot be restored, or not with the copy of the keys (`why`).',
    '`sluis backup take` takes another one at once. Then [SluisDrillFailed].',
  ),
  'backup.untold': error(
    'The operator could not be told by mail that a backup failed (`why`).',
    'Register the address of `notices.operator`. `backup.failed` says what failed.',
  ),
  'site.drilled': info(
    'A planned switch to the other site and back was written down: whether it `passed`, how long the service was away, how much was lost.',
  ),
  'audit.retention': info('Who and where of rows past their time were erased, by log.'),
  'audit.keep-short': warn(
    'A time in `[audit]` is shorter than NEN 7513 or MedMij ask for (`why`).',
    'Lengthen it, or note down why it may be so.',
  ),
  'audit.timestamp-failed': error(
    'The time-stamping authority gave no stamp that holds (`why`). It is asked again, later each time.',
    '`why` says whether it is away, refuses, or has another root than `audit.timestamp-authorities`. The heads are signed and kept all the same.',
  ),
  'audit.anchor-failed': error(
    'The head of the audit trail could not be signed or put away (`why`). The next minute tries again.',
    '`sluis audit anchor` says why. Make the folder of `audit.anchors` writable, or mend the command.',
  ),
  'audit.forward-failed': warn(
    'Nothing reaches the collector of logs (`why`). Rows wait in the trail, and mail does not.',
    'Nothing is lost: [SluisTrailNotForwarded].',
  ),
  'audit.forwarded-again': info('Rows of the audit trail reach the collector again.'),
};
