/**
 * Where each command of the top level is made. For a command that is named on the command line,
 * only its own file is loaded: all of them, with their cryptography and schemas, take longer to
 * load than any of them takes to run. `test/cli/groups.test.ts` compares the names with what the
 * files add, and counts what a plain command loads.
 */
import type { Group } from '../commands/core/walk.ts';

interface Loaded {
  /**
   * All commands of this file in their order, each with its sentence for the help of the whole
   * program.
   */
  readonly names: Readonly<Record<string, string>>;
  readonly load: () => Promise<Group>;
}

/** All groups of commands, in the order of `sluis --help`. */
export const groups: readonly Loaded[] = [
  {
    names: { init: 'write a configuration, keys and an empty store; overwrites nothing' },
    load: async () => ({ init: (await import('../commands/init.ts')).init }),
  },
  {
    names: { check: 'check the configuration, the keys and the certificate' },
    load: async () => ({ check: (await import('../commands/check.ts')).check }),
  },
  {
    names: {
      serve: 'run the gateway; SIGTERM drains and stops it, SIGHUP reads configuration and certificates again',
    },
    load: async () => ({ serve: (await import('../commands/serve.ts')).serve }),
  },
  {
    names: {
      status: 'show the running gateway',
      reload: 'read configuration, keys and certificates again; open sessions continue',
      drain: 'let load balancers send new sessions to another gateway; what runs continues, until --end or a restart',
    },
    load: async () => (await import('../commands/gateway.ts')).gatewayTops,
  },
  {
    names: { config: 'settings of the configuration file, with their values in use' },
    load: async () => (await import('../commands/config.ts')).configuration,
  },
  {
    names: { organisation: 'customers: practices, hospitals, laboratories' },
    load: async () => (await import('../commands/organisation.ts')).organisations,
  },
  {
    names: { account: 'who logs in; each owns one mailbox' },
    load: async () => (await import('../commands/account.ts')).accounts,
  },
  {
    names: { address: 'registered addresses' },
    load: async () => (await import('../commands/address.ts')).addresses,
  },
  {
    names: { directory: 'addresses that every account may look up' },
    load: async () => (await import('../commands/directory.ts')).directory,
  },
  {
    names: { partner: 'organisations with a mail server of their own' },
    load: async () => (await import('../commands/partner.ts')).partners,
  },
  {
    names: { dkim: 'keys that sign mail for partners who want it' },
    load: async () => (await import('../commands/dkim.ts')).dkim,
  },
  {
    names: { session: 'connections that are open now' },
    load: async () => (await import('../commands/session.ts')).sessions,
  },
  {
    names: { notice: 'messages of the operator to organisations' },
    load: async () => (await import('../commands/notice.ts')).notices,
  },
  {
    names: { report: 'figures and findings for others' },
    load: async () => (await import('../commands/report.ts')).reports,
  },
  {
    names: { mailbox: 'what an account has in its mailbox, and who fetches it' },
    load: async () => (await import('../commands/mailbox.ts')).mailboxes,
  },
  {
    names: { takeover: 'the move of many practices from another server, in waves' },
    load: async () => (await import('../commands/takeover.ts')).takeovers,
  },
  {
    names: { scan: 'scanning for malware' },
    load: async () => (await import('../commands/scan.ts')).scans,
  },
  {
    names: { queue: 'deliveries that wait for partners, or are held' },
    load: async () => (await import('../commands/queue.ts')).queues,
  },
  {
    names: {
      trace:
        'every step of one message; or the messages of a sender, an addressee or a time, with the attempts that were refused',
    },
    load: async () => ({ trace: (await import('../commands/trace.ts')).trace }),
  },
  {
    names: { message: 'messages that were accepted' },
    load: async () => (await import('../commands/message.ts')).messages,
  },
  {
    names: { audit: 'the audit trail of everything that happened; it also records who reads it' },
    load: async () => (await import('../commands/audit.ts')).audits,
  },
  {
    names: { key: 'the master key: escrow, recovery, rotation' },
    load: async () => (await import('../commands/key.ts')).masterKey,
  },
  {
    names: { operator: 'people who work with the gateway, and what each may do' },
    load: async () => (await import('../commands/operator.ts')).operators,
  },
  {
    names: { webhook: 'programs that receive events over HTTPS' },
    load: async () => (await import('../commands/webhook.ts')).webhooks,
  },
  {
    names: { probe: 'the account that measures availability' },
    load: async () => (await import('../commands/probe.ts')).probes,
  },
  {
    names: { approve: 'sign a request that needs a second person, with a key of your own; two operators must' },
    load: async () => ({ approve: (await import('../commands/approve.ts')).approve }),
  },
  {
    names: { backup: 'whole copies of the database, taken while the gateway runs' },
    load: async () => (await import('../commands/backup.ts')).backups,
  },
  {
    names: { store: 'the database as a whole; the gateway is stopped meanwhile' },
    load: async () => (await import('../commands/store.ts')).stores,
  },
  {
    names: { restore: 'put a backup back where there is no database yet, proved step by step' },
    load: async () => ({ restore: (await import('../commands/restore.ts')).restore }),
  },
  {
    names: { evidence: 'signed evidence about messages and deletions' },
    load: async () => (await import('../commands/evidence.ts')).evidence,
  },
  {
    names: { privacy: 'what is kept, and why' },
    load: async () => (await import('../commands/privacy.ts')).privacy,
  },
  {
    names: {
      statement:
        'write the statement about information security, made from what runs and what was measured, and signed',
    },
    load: async () => ({ statement: (await import('../commands/statement.ts')).statement }),
  },
  {
    names: { drill: 'try what must work on the worst day' },
    load: async () => (await import('../commands/backup.ts')).drills,
  },
  {
    names: { site: 'the sites of a service on PostgreSQL' },
    load: async () => (await import('../commands/site.ts')).sites,
  },
  {
    names: { ca: "the gateway's own certificate authority" },
    load: async () => (await import('../commands/ca.ts')).authority,
  },
  {
    names: { cert: 'certificates: of accounts, for login and for mail; of listeners, authorities and partners' },
    load: async () => (await import('../commands/cert.ts')).certificates,
  },
  {
    names: { smime: 'signed and encrypted messages' },
    load: async () => (await import('../commands/smime.ts')).smime,
  },
  {
    names: { pgp: 'OpenPGP keys and messages' },
    load: async () => (await import('../commands/pgp.ts')).pgp,
  },
  {
    names: {
      doctor:
        'judge the TLS of the listeners by the NCSC-NL guidelines 2025-05, the clock, backups, and the escrow of the master key',
    },
    load: async () => ({ doctor: (await import('../commands/doctor.ts')).doctor }),
  },
  {
    names: { completion: 'print a completion script for a shell: commands and options at Tab' },
    load: async () => ({ completion: (await import('../commands/completion.ts')).completion }),
  },
  {
    names: { dev: 'run a development gateway with demo accounts in the current folder (npm start)' },
    load: async () => ({ dev: (await import('../commands/dev.ts')).dev }),
  },
  {
    names: {
      sandbox: 'run a throw-away gateway on which things go wrong, watch your program there, and report what it did',
    },
    load: async () => ({ sandbox: (await import('../commands/sandbox.ts')).sandbox }),
  },
];

/**
 * The group that has the command `word`. For another word, or none, all groups: help and
 * suggestions must know every command, and so must completion.
 */
export const groupsFor = (word: string | undefined): readonly Loaded[] => {
  if (word === '--version') return [];
  if (word === 'completion') return groups;
  const named = groups.filter(({ names }) => Object.hasOwn(names, word ?? ''));
  return named.length > 0 ? named : groups;
};

/** Each command of the top level, with what it is for. */
export const summaries: readonly (readonly [name: string, about: string])[] = groups.flatMap(({ names }) =>
  Object.entries(names),
);
