/** Makes a store from an engine and from the parts that all engines share. */
import { randomBytes } from 'node:crypto';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import type { Day } from '../../domain/utc-day.ts';
import { OPERATOR_ORGANISATION } from '../../domain/registry.ts';
import type { Address } from '../../domain/address.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { ChangeContext } from '../changes/change-context.ts';
import { CHANGES } from '../changes/table.ts';
import type { MessageIds } from '../message-ids.ts';
import type { PgpKeys } from '../port/certificates.ts';
import type { Change } from '../sql/sql.ts';
import { type StoreFailed, StoreRefused } from '../store.ts';
import type { Effects } from '../changes/changed.ts';
import { CoreAccountMoves } from './account-moves.ts';
import { Audit } from './audit.ts';
import { Bodies } from './bodies.ts';
import { CertificateMemory } from './certificate-memory.ts';
import { CoreDeliveries } from './deliveries.ts';
import type { Elsewhere, Engine, EngineEvents } from './engine.ts';
import { Erasures } from './erasures.ts';
import { Mailboxes } from './mailboxes.ts';
import { Maildrops } from './maildrops.ts';
import { type CoreCreateOptions, type CoreOpenOptions, settled } from './options.ts';
import { RememberedPgpKeys } from './pgp.ts';
import { CoreQuirks } from './quirks.ts';
import { pooled } from './random-pool.ts';
import { RememberingRegistry } from './registry.ts';
import type { StoreTime } from './store-time.ts';
import { CoreStore } from './store.ts';

export interface AssembledParts {
  readonly engine: Engine;
  readonly keys: KeyFolder;
  /** Days for which the database has noted a key. */
  readonly days: Set<Day>;
  readonly ids: MessageIds;
  readonly time: StoreTime;
  readonly random: RandomBytes;
}

/** Opens the key folder. Throws StoreRefused. */
export const keyFolderOf = (options: CoreCreateOptions): KeyFolder => {
  try {
    return new KeyFolder(options.keyFolder, options.masterKey);
  } catch (error) {
    if (error instanceof KeyFolderRefused) throw new StoreRefused(error.message);
    throw error;
  }
};

export const randomOf = (options: CoreCreateOptions): RandomBytes => pooled(options.random ?? randomBytes);

/**
 * What a new store begins with: the organisation `system` with the account `postmaster` (no
 * password: nobody logs in with it until somebody gives it one) and the address
 * postmaster@HOSTNAME.
 */
export function* firstChanges(context: ChangeContext, hostname: string): Change<void> {
  const actor = { name: 'sluis init' };
  const operator = { name: OPERATOR_ORGANISATION, title: 'Operator of this gateway', language: 'en' } as const;
  yield* CHANGES.organisations.addOrganisation(context, operator, actor);
  // RFC 5321 section 4.5.1: postmaster can always be delivered to.
  const addresses = [`postmaster@${hostname}` as Address];
  const postmaster = { login: 'postmaster', organisation: OPERATOR_ORGANISATION, kind: 'mail', addresses } as const;
  yield* CHANGES.accounts.addAccount(context, postmaster, actor);
}

/**
 * An engine starts before the store that listens to it. Until the store is there, events are
 * dropped; only a failure is kept and told later.
 */
export class Hearing implements EngineEvents {
  #store: CoreStore | undefined;
  #failure: StoreFailed | undefined;

  /** From now on this store gets every event. */
  by(store: CoreStore): void {
    this.#store = store;
    if (this.#failure !== undefined) store.failed(this.#failure);
  }

  committed(effects: readonly Effects[]): void {
    this.#store?.committed(effects);
  }

  elsewhere(what: Elsewhere): void {
    this.#store?.elsewhere(what);
  }

  registryChanged(): void {
    this.#store?.registryChanged();
  }

  anotherHistory(): void {
    this.#store?.anotherHistory();
  }

  failed(error: StoreFailed): void {
    this.#failure ??= error;
    this.#store?.failed(error);
  }
}

/** `hearing` passes the events of the engine on to the store. */
export async function assemble(
  options: CoreOpenOptions,
  hearing: Hearing,
  { engine, keys, days, ids, time, random }: AssembledParts,
): Promise<CoreStore> {
  const set = settled(options);
  const { clock, log } = options;
  const { subjects } = engine;
  const alone = engine.nodes === undefined;
  const mailboxes = new Mailboxes(subjects.roads.mailbox, alone);
  const check = (): void => engine.nodes?.checkRegistry();
  const seen = (): number | undefined => engine.nodes?.registry;
  const registry = Object.assign(new RememberingRegistry({ subjects, mailboxes, time, random, check, seen }), {
    ...subjects.absences,
    ...subjects.accounts,
    ...subjects.appPasswords,
    ...subjects.addresses,
    ...subjects.clientCertificates,
    ...subjects.edi,
    ...subjects.formerOrganisations,
    ...subjects.endings,
    ...subjects.merges,
    ...subjects.networks,
    ...subjects.organisationErasure,
    ...subjects.organisations,
    ...subjects.passwords,
    ...subjects.settings,
    ...subjects.partners,
    ...subjects.references,
  });
  const certificates = Object.assign(new CertificateMemory(subjects.trust), {
    ...subjects.authorities,
    ...subjects.certificates,
    ...subjects.enrolments,
    ...subjects.mailKeys,
  });
  const rememberedKeys = new RememberedPgpKeys(subjects.pgpKeys);
  const pgpKeys: PgpKeys = { ...subjects.pgpKeys, findMail: (key) => rememberedKeys.findMail(key) };
  const rows = new Audit({ engine, trail: subjects.trail, clock, time, random, log });
  const audit = Object.assign(rows, rows.reads);
  const { contents } = engine;
  const bodies = new Bodies({
    engine,
    contents,
    audit,
    keys,
    days,
    ids,
    time,
    random,
    maxBody: set.maxBody,
    mayMakeKey: options.mayMakeKey,
    sweeps: subjects.sweeps,
  });
  const maildrops = new Maildrops({
    changes: subjects.maildrops,
    under: (right, judged) => engine.under?.(right, judged) ?? subjects.maildrops,
    ...(engine.nodes === undefined ? {} : { nodes: engine.nodes }),
    reads: engine,
    mailboxes,
    clock,
    log,
    locks: engine.locks,
  });
  const erasures = new Erasures({
    messageErasure: subjects.messageErasure,
    contents,
    audit,
    bodies,
    maildrops,
    keys,
    time,
    random,
    log,
  });
  const deliveries = Object.assign(
    new CoreDeliveries({ subjects, audit, bodies, erasures, maildrops, states: mailboxes, random, log }),
    subjects.messages,
    subjects.deliveries,
    subjects.mailboxes,
  );
  const accountMoves = new CoreAccountMoves({
    maildrops,
    mailboxes,
    clock,
    log,
    subject: subjects.movingAccount,
    mail: subjects.mailboxMoves,
    ...(engine.nodes === undefined
      ? {}
      : { nodes: { locks: engine.locks, mine: () => engine.nodes?.jobs.runs('moves') === true } }),
  });
  const store = new CoreStore({
    engine,
    registry,
    accountMoves,
    certificates,
    rememberedKeys,
    mailboxes,
    pgpKeys,
    subjects,
    ediMemory: subjects.ediMemory,
    audit,
    deliveries,
    erasures,
    quirks: new CoreQuirks({ engine, subject: subjects.quirks, clock, time, log }),
    maildrops,
    bodies,
    keys,
    days,
    ids,
    time,
    random,
    clock,
    log,
    settled: set,
  });
  hearing.by(store);
  await store.days.destroyErased();
  // Runs before anybody gets the store, so that nobody opens a mailbox while a part of its mail is
  // still to come.
  await accountMoves.resume();
  return store;
}
