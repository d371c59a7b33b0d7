/** What commands and programs are shown of backups. */
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import type { KnownBackup } from './folder.ts';

/** How a backup looks to those who list it. */
export interface BackupView {
  readonly backup: string;
  readonly path: string;
  readonly begun: string;
  readonly octets: number;
  readonly messages: number;
  readonly hostname: string;
  readonly offsite?: { readonly at?: string; readonly where: string };
}

export interface TakenView extends BackupView {
  readonly seconds: number;
  readonly logOctets: number;
  /** Older ones that were removed, by the rule of the configuration. */
  readonly removed: readonly string[];
}

export interface CheckedBackup {
  readonly backup: string;
  readonly path: string;
  readonly signature: 'good' | 'unknown' | 'missing';
  readonly files: readonly { readonly name: string; readonly whole: boolean; readonly why?: string }[];
  readonly whole: boolean;
}

export const viewBackup = ({ path, manifest, offsite }: KnownBackup): BackupView => ({
  backup: manifest.id,
  path,
  begun: manifest.begun,
  octets: manifest.files.reduce((sum, file) => sum + file.octets, 0),
  messages: manifest.store.counts.messages,
  hostname: manifest.hostname,
  ...defined({ offsite }),
});

/**
 * For metrics and alarms. Ages are of the data: since when nothing more is in it. Absent: there is
 * none.
 */
export interface BackupState {
  readonly newest?: Instant;
  /** When the newest backup was taken whose copy elsewhere was read back. */
  readonly offsite?: Instant;
  /** Until when the log behind the backups is whole. */
  readonly logged?: Instant;
  /** When a drill last passed. */
  readonly drill?: Instant;
  /** When one was last tried, and how it ended. */
  readonly lastDrill?: { readonly at: Instant; readonly passed: boolean };
}
