/** The store and its disk, backups, the audit trail. */
import { type LogEvents, error, info, warn } from './log-event.ts';

const ONCE = 'Nothing, unless it continues: then look at the disk.';
const DISK = 'Look at the disk. More than once: call for help.';
const DAMAGED =
  'Keep the disk as it is, copy `data/`, check the disk. `sluis trace ID` names the message: what is damaged is not handed out. Ask its sender to send it again.';

export const STORE_EVENTS: LogEvents = {
  'store.opened': info(
    'The store is open. `unclean`: the last end was a crash, and the database was checked: all of it up to 256 MiB, else the tables that decide where mail goes.',
  ),
  'store.in-use': warn(
    'Another process has the data folder open (`by`: which one, and what it was called by). The start waits for it, at most `seconds`, and ends with 7 if it still has it.',
    'Nothing: a command of `sluis` ends within seconds. Where the start ended, let that command come to its end, or stop that process, then start the gateway.',
  ),
  'store.checking': info('After a crash every page of a larger database is being read while the gateway works.'),
  'store.checked': info('Every page was read (`seconds`).'),
  'store.not-checked': warn(
    'Not every page could be read (`why`). The gateway serves, and the next start begins again.',
    'See whether disk and memory have space, then restart at a quiet moment; [SluisStoreUnread].',
  ),
  'store.damaged': error(
    'A page is damaged (`why`). No mail is accepted, the process ends with 6, and no later start serves the file.',
    '[SluisStoreFailed].',
  ),
  'store.failed': error(
    'A write or a sync of the disk failed. No mail is accepted, and the process ends with 6.',
    '[SluisStoreFailed].',
  ),
  'store.full': error('The disk is full. Mail is answered 452, and fetching continues.', '[SluisDiskSoonFull].'),
  'store.disk-lost': error(
    'The data folder is gone, or its disk is not mounted (`why`). Mail is answered 452.',
    'Look where `data.folder` leads. Mount it again and restart the gateway; else stop it and call for help.',
  ),
  'store.space-returned': info(
    'There is space again. `reserve` is whole, or half: then free space in the database replaces the other half.',
  ),
  'store.reserve-changed': info(
    'The disk is nearly full, and the database still has free space from deleted messages (`reserve` half); or there is space again (whole). Messages are not affected. Once half: free some space before that is used up.',
  ),
  'store.content-damaged': error('Content did not verify. **Call for help.**', DAMAGED),
  'store.upgrading': info(
    'A new version brings the database to its form (`from`, `to`, `octets`), after a copy of it (`copy`: where, or none).',
  ),
  'store.upgrade-copy-removed': info('The copy from before an upgrade was removed because its time was over (`copy`).'),
  'store.swept': info(
    'Uploads that a crash left, and messages past their time, were removed; with `account`: deleted mail of this mailbox beyond its quota.',
  ),
  'store.sweep-failed': error('A sweep failed. No mail is affected.', DISK),
  'store.note-dropped': error(
    'A note that is written without waiting (a login, a counter) was lost. No message is affected.',
    DISK,
  ),
  'store.notes-lost': error(
    'Notes that are written without waiting (logins, counters) were lost. No message is affected.',
    DISK,
  ),
  'store.quirks-late': warn('Counts of quirks could not be written (`why`). They go with the next ones.', ONCE),
  'store.quirks-dropped': warn(
    'More counts of quirks came at once than fit into memory (`counts`). The totals are too low.',
    ONCE,
  ),
  'store.release-not-noted': warn('What a session without QUIT had fetched was not counted. It is sent again.', ONCE),
  'store.move-resumed': info(
    'The move of an account to another organisation was interrupted (`source`, `target`). The rest of its messages follows now.',
  ),
  'store.move-failed': error(
    'An account that was moving to another organisation was interrupted, and a step failed (`why`). Mail is in two mailboxes until the next start continues. Nothing is lost.',
    'Start the gateway again: it continues. Twice: call for help.',
  ),
  'store.move-not-resumed': warn(
    'The interrupted move of an account could not be continued (`why`). It is tried each minute.',
    'Nothing while it comes once. Where it continues, correct what `why` names.',
  ),
  'store.maildrop-taken-over': info('A silent session lost its mailbox to a new one of the same network.'),
  'store.messages-erased': info(
    'Erased messages of a day (`erased`) are closed in every backup. The keys of its other messages (`kept`) are in the key folder.',
  ),
  'store.day-key-erased': info(
    'The messages of a day can no longer be read, in backups either: their key was destroyed.',
  ),
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
    'A backup was not taken, or not copied elsewhere, or the key folder was not copied, or a destroyed day key still is in `keys.before-rotation` (`step`, `why`). Mail is not affected, and it is tried again.',
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
    '`sluis audit anchor` says why. Make the folder of `audit.anchors` writable, or correct the command.',
  ),
  'audit.forward-failed': warn(
    'Nothing reaches the collector of logs (`why`). Rows wait in the trail, and mail does not.',
    'Nothing is lost: [SluisTrailNotForwarded].',
  ),
  'audit.forwarded-again': info('Rows of the audit trail reach the collector again.'),
};
