/** Says when it would pay to rewrite the database. */
import { join } from 'node:path';
import type { DoctorFinding } from '../domain/doctor.ts';
import { GiB } from '../domain/units.ts';
import { isOldShape } from '../store/sqlite/database.ts';
import { type FileHead, fileHead } from '../store/sqlite/file-head.ts';
import { DATABASE_FILE } from '../store/sqlite/writer-files.ts';

export const storeFindings = (dataFolder: string): readonly DoctorFinding[] => {
  const why = whyCompact(fileHead(join(dataFolder, DATABASE_FILE)));
  return why === undefined ? [] : [{ id: 'store', severity: 'warning', what: why }];
};

/**
 * Why to rewrite the database; undefined if it would not pay. Free pages are space for later mail.
 * To give them back helps only another use of the disk, and only if they are half of a large file.
 */
export function whyCompact(head: FileHead | undefined): string | undefined {
  if (head === undefined) return undefined;
  const how = 'stop the gateway, run "sluis store compact", start it';
  if (isOldShape(head))
    return `the database has the form of an older version, in which each message writes nearly twice as much: at a quiet moment ${how}`;
  if (head.freeOctets < GiB || head.freeOctets < head.octets / 2) return undefined;
  return `${(head.freeOctets / GiB).toFixed(1)} of ${(head.octets / GiB).toFixed(1)} GiB of the database are free, for later mail alone: where the disk is needed for something else ${how}`;
}
