/**
 * Where each command of the top level is made. A command that is named on the command line has only its own file loaded, since all of them
 * together, with the cryptography and the schemas that they need, take longer to load than any of them takes to run. `test/cli/groups.test.ts`
 * holds the names to what the files add, and counts what a plain command loads.
 */
import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

interface Group {
  /** The commands that `load` adds to the program, all of them and in their order. */
  readonly names: readonly [string, ...string[]];
  readonly load: () => Promise<(terminal: Terminal, program: Command) => void>;
}

/** In the order of `sluis --help`. */
export const groups: readonly Group[] = [
  { names: ['init'], load: async () => (await import('./init.ts')).addInitCommand },
  { names: ['check'], load: async () => (await import('./check.ts')).addCheckCommand },
  { names: ['serve', 'status', 'reload'], load: async () => (await import('./serve.ts')).addServeCommands },
  { names: ['organisation'], load: async () => (await import('./organisation.ts')).addOrganisationCommands },
  { names: ['account'], load: async () => (await import('./account.ts')).addAccountCommands },
  { names: ['address'], load: async () => (await import('./address.ts')).addAddressCommands },
  { names: ['partner'], load: async () => (await import('./partner.ts')).addPartnerCommands },
  { names: ['session'], load: async () => (await import('./session.ts')).addSessionCommands },
  { names: ['notice'], load: async () => (await import('./notice.ts')).addNoticeCommands },
  { names: ['report'], load: async () => (await import('./report.ts')).addReportCommands },
  { names: ['mailbox'], load: async () => (await import('./mailbox.ts')).addMailboxCommands },
  { names: ['queue'], load: async () => (await import('./queue.ts')).addQueueCommands },
  { names: ['trace', 'message'], load: async () => (await import('./trace.ts')).addTraceCommands },
  { names: ['audit'], load: async () => (await import('./audit.ts')).addAuditCommands },
  { names: ['key'], load: async () => (await import('./key.ts')).addKeyGroup },
  { names: ['operator'], load: async () => (await import('./operator.ts')).addOperatorCommands },
  { names: ['approve'], load: async () => (await import('./approve.ts')).addApproveCommand },
  { names: ['backup'], load: async () => (await import('./backup.ts')).addBackupCommands },
  { names: ['store'], load: async () => (await import('./store.ts')).addStoreCommands },
  { names: ['restore'], load: async () => (await import('./restore.ts')).addRestoreCommand },
  { names: ['evidence'], load: async () => (await import('./evidence.ts')).addEvidenceCommands },
  { names: ['privacy'], load: async () => (await import('./privacy.ts')).addPrivacyCommands },
  { names: ['drill'], load: async () => (await import('./drill.ts')).addDrillCommands },
  { names: ['ca'], load: async () => (await import('./ca.ts')).addCaCommands },
  { names: ['cert'], load: async () => (await import('./cert.ts')).addCertCommands },
  { names: ['smime'], load: async () => (await import('./smime.ts')).addSmimeCommands },
  { names: ['pgp'], load: async () => (await import('./pgp.ts')).addPgpCommands },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctorCommand },
  { names: ['dev'], load: async () => (await import('./dev.ts')).addDevCommand },
];

/** The one that has the command `word`; for any other word, and for none, all: help and what is offered instead must know every command. */
export const groupsFor = (word: string | undefined): readonly Group[] => {
  if (word === '--version') return [];
  const named = groups.filter(({ names }) => names.some((name) => name === word));
  return named.length > 0 ? named : groups;
};
