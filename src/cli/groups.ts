/**
 * Where each command of the top level is made. A command that is named on the command line has only its own file loaded, since all of them
 * together, with the cryptography and the schemas that they need, take longer to load than any of them takes to run. `test/cli/groups.test.ts`
 * holds the names to what the files add, and counts what a plain command loads.
 */
import type { Command } from 'commander';
import type { AnySubject } from '../commands/core/row.ts';
import type { Terminal } from './terminal.ts';

interface Group {
  /** The commands that `load` adds to the program, all of them and in their order, with the sentence of each for the help of the whole. */
  readonly names: Readonly<Record<string, string>>;
  readonly load: () => Promise<(terminal: Terminal, program: Command) => void>;
}

/** A subject of the command table. */
const ofRows = (load: () => Promise<AnySubject>) => async () => {
  const [{ words }, subject] = await Promise.all([import('./subject.ts'), load()]);
  return words(subject);
};

/** In the order of `sluis --help`. */
export const groups: readonly Group[] = [
  {
    names: { init: 'write a configuration, keys and an empty store; overwrites nothing' },
    load: async () => (await import('./init.ts')).addInitCommand,
  },
  {
    names: { check: 'check the configuration, the keys and the certificate' },
    load: async () => {
      const [{ topWords }, { check }] = await Promise.all([import('./subject.ts'), import('../commands/check.ts')]);
      return topWords({ check });
    },
  },
  {
    names: {
      serve: 'run the gateway; SIGTERM drains and stops it, SIGHUP reads configuration and certificates again',
    },
    load: async () => (await import('./serve.ts')).addServeCommand,
  },
  {
    names: {
      status: 'show the running gateway',
      reload: 'read configuration, keys and certificates again; open sessions go on',
    },
    load: async () => {
      const [{ topWords }, { gatewayTops }] = await Promise.all([
        import('./subject.ts'),
        import('../commands/gateway.ts'),
      ]);
      return topWords(gatewayTops);
    },
  },
  {
    names: { organisation: 'customers: practices, hospitals, laboratories' },
    load: ofRows(async () => (await import('../commands/organisation.ts')).organisations),
  },
  {
    names: { account: 'who logs in; each owns one mailbox' },
    load: ofRows(async () => (await import('../commands/account.ts')).accounts),
  },
  {
    names: { address: 'registered addresses' },
    load: ofRows(async () => (await import('../commands/address.ts')).addresses),
  },
  {
    names: { partner: 'organisations with a mail server of their own' },
    load: ofRows(async () => (await import('../commands/partner.ts')).partners),
  },
  {
    names: { session: 'connections that are open now' },
    load: ofRows(async () => (await import('../commands/session.ts')).sessions),
  },
  {
    names: { notice: 'messages of the operator to organisations' },
    load: ofRows(async () => (await import('../commands/notice.ts')).notices),
  },
  {
    names: { report: 'figures and findings for others' },
    load: ofRows(async () => (await import('../commands/report.ts')).reports),
  },
  {
    names: { mailbox: 'what an account has in its mailbox, and who fetches it' },
    load: ofRows(async () => (await import('../commands/mailbox.ts')).mailboxes),
  },
  {
    names: { queue: 'deliveries that wait for partners, or are held' },
    load: ofRows(async () => (await import('../commands/queue.ts')).queues),
  },
  {
    names: {
      trace:
        'every step of one message; or the messages of a sender, an addressee or a time, with the attempts that were refused',
    },
    load: async () => (await import('./subject.ts')).topWords({ trace: (await import('../commands/trace.ts')).trace }),
  },
  {
    names: { message: 'messages that were accepted' },
    load: ofRows(async () => (await import('../commands/message.ts')).messages),
  },
  {
    names: { audit: 'the trail of everything that happened; each look at it stands in it' },
    load: ofRows(async () => (await import('../commands/audit.ts')).audits),
  },
  {
    names: { key: 'the master key: escrow, recovery, rotation' },
    load: ofRows(async () => (await import('../commands/key.ts')).masterKey),
  },
  {
    names: { operator: 'people who work with the gateway, and what each may do' },
    load: async () => (await import('./subject.ts')).words((await import('../commands/operator.ts')).operators),
  },
  {
    names: { approve: 'sign a request that needs a second person, with a key of your own; two operators must' },
    load: async () =>
      (await import('./subject.ts')).topWords({ approve: (await import('../commands/approve.ts')).approve }),
  },
  {
    names: { backup: 'whole copies of the database, taken while mail goes on' },
    load: async () => {
      const [{ words }, { backups }] = await Promise.all([import('./subject.ts'), import('../commands/backup.ts')]);
      return words(backups);
    },
  },
  {
    names: { store: 'the file of the database; the gateway is stopped meanwhile' },
    load: async () => (await import('./store.ts')).addStoreCommands,
  },
  {
    names: { restore: 'put a backup back where no database is, proved step by step' },
    load: async () => (await import('./restore.ts')).addRestoreCommand,
  },
  {
    names: { evidence: 'signed evidence about messages and deletions' },
    load: ofRows(async () => (await import('../commands/evidence.ts')).evidence),
  },
  {
    names: { privacy: 'what is kept, and why' },
    load: ofRows(async () => (await import('../commands/privacy.ts')).privacy),
  },
  {
    names: { drill: 'try what must work on the worst day' },
    load: async () => {
      const [{ words }, { drills }] = await Promise.all([import('./subject.ts'), import('../commands/backup.ts')]);
      return words(drills);
    },
  },
  {
    names: { ca: "the gateway's own certificate authority" },
    load: async () => (await import('./subject.ts')).words((await import('../commands/ca.ts')).authority),
  },
  {
    names: { cert: 'certificates: of accounts, for log-in and for mail; of listeners, authorities and partners' },
    load: async () => (await import('./subject.ts')).words((await import('../commands/cert.ts')).certificates),
  },
  {
    names: { smime: 'signed and encrypted messages' },
    load: async () => (await import('./subject.ts')).words((await import('../commands/smime.ts')).smime),
  },
  {
    names: { pgp: 'OpenPGP keys and messages' },
    load: async () => (await import('./subject.ts')).words((await import('../commands/pgp.ts')).pgp),
  },
  {
    names: {
      doctor:
        'judge the TLS of the listeners by the NCSC-NL guidelines 2025-05, the clock, backups, and the escrow of the master key',
    },
    load: async () => {
      const [{ topWords }, { doctor }] = await Promise.all([import('./subject.ts'), import('../commands/doctor.ts')]);
      return topWords({ doctor });
    },
  },
  {
    names: { completion: 'print what makes a shell complete commands and options at Tab' },
    load: async () => (await import('./completion.ts')).addCompletionCommand,
  },
  {
    names: { dev: 'run a development gateway with demo accounts in the current folder (npm start)' },
    load: async () => (await import('./dev.ts')).addDevCommand,
  },
];

/**
 * The one that has the command `word`; for any other word, and for none, all: help and what is offered instead must know every command, and so must
 * completion.
 */
export const groupsFor = (word: string | undefined): readonly Group[] => {
  if (word === '--version') return [];
  if (word === 'completion') return groups;
  const named = groups.filter(({ names }) => Object.hasOwn(names, word ?? ''));
  return named.length > 0 ? named : groups;
};

/** Each command of the top level and what it is for. */
export const summaries: readonly (readonly [name: string, about: string])[] = groups.flatMap(({ names }) =>
  Object.entries(names),
);
