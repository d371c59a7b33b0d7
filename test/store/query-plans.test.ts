/**
 * What the statements of the queue, the trace and the mailboxes read: an index they seek in, never
 * a table from end to end.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { AccountId, PartnerId } from '../../src/domain/ids.ts';
import { addressKey } from '../../src/domain/address.ts';
import { instant, minutes } from '../../src/domain/units.ts';
import { READS } from '../../src/store/reads/table.ts';
import { SQLITE } from '../../src/store/sql/parts.ts';
import { type Change, textOf } from '../../src/store/sql/sql.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { WriterWorker } from '../../src/store/sqlite/writer-work.ts';
import { acceptanceOf, address, openTestStore, sealBody, testOptions } from '../support/store.ts';
import { ownTemplatesIn, templatesIn } from '../support/templates.ts';
import { addPartner } from './partner-contract.ts';

type Db = ReturnType<typeof openWriting>;

const SOURCE = join(import.meta.dirname, '../../src/store');
const OWN_SOURCE = join(import.meta.dirname, '../../src/store/sqlite');

/** The plan of every statement that `make` prepares, by its text. */
function plansOf(db: Db, make: (db: Db) => void): Map<string, string> {
  const plans = new Map<string, string>();
  const watching = new Proxy(db, {
    get: (target, name) => {
      if (name !== 'prepare') return Reflect.get(target, name) as unknown;
      return (text: string) => {
        const sql = text.trim();
        if (/^(SELECT|WITH|UPDATE|DELETE)/.test(sql)) {
          const steps = target.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
          const values = sql
            .split('?')
            .slice(1)
            .map(() => null);
          const names = [...sql.matchAll(/@(\w+)/g)].map(([, name]): [string, null] => [String(name), null]);
          plans.set(
            sql.replace(/\s+/g, ' '),
            steps
              .all(...values, ...(names.length === 0 ? [] : [Object.fromEntries<null>(names)]))
              .map(({ detail }) => detail)
              .join('; '),
          );
        }
        return target.prepare(sql);
      };
    },
  });
  make(watching);
  return plans;
}

const now = { at: instant(0) };
const read = <T>(db: Db, change: Change<T>): T => new SqliteRunner(db).run(change);

// The sources are parsed once: it takes two seconds.
let templates: ReturnType<typeof templatesIn> | undefined;

/** The plan of every statement that stands in these files, also of those that no test runs. */
function plansIn(db: Db, files: readonly string[], folder: 'reads' | 'changes' = 'reads'): Map<string, string> {
  templates ??= templatesIn(SOURCE);
  const chosen = templates.filter(({ where }) => files.some((file) => where.startsWith(`${folder}/${file}.ts:`)));
  return plansOf(db, (watched) => chosen.map(({ plan }) => watched.prepare(textOf(plan, SQLITE))));
}

async function emptyDatabase(t: TestContext): Promise<Db> {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  return db;
}

/**
 * Statements that go through a table or index from end to end; the few rows of a subquery or a list
 * do not count.
 */
const scansOf = (plans: ReadonlyMap<string, string>): string[] =>
  [...plans]
    .filter(([, plan]) => /\bSCAN (?!w\b|CONSTANT\b|json_each\b|\(subquery)/.test(plan))
    .map(([sql, plan]) => `${sql}: ${plan}`);

const planOf = (plans: ReadonlyMap<string, string>, start: string): string => {
  const [found] = [...plans].filter(([sql]) => sql.startsWith(start));
  assert(found !== undefined, `no statement begins with ${start}`);
  return found[1];
};

test("no statement of SQLite's own code reads a table from end to end, but for a few that are rare and small", async (t) => {
  const plans = plansOf(await emptyDatabase(t), (db) => [
    new WriterWorker(db, 0),
    ...ownTemplatesIn(OWN_SOURCE).map(({ text }) => db.prepare(text)),
  ]);
  const scans = scansOf(plans);
  assert.deepEqual(
    scans.map((text) => text.slice(0, 60)),
    [
      // The head of the chain is the last row.
      'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1: SCAN ',
    ],
    scans.join('\n'),
  );
});

test('claims seek what is due, and what leaves a maildrop is sought by its uid', async (t) => {
  const db = await emptyDatabase(t);
  const plans = plansIn(db, ['queue', 'hiding', 'maildrops', 'imported-mail', 'message-erasure'], 'changes');
  // The leases that a crash left over: an index holds nothing else.
  assert.deepEqual(
    scansOf(plans).filter((scan) => !scan.includes('SCAN delivery USING INDEX delivery_leased')),
    [],
  );
  assert.equal(
    planOf(plans, "SELECT id FROM delivery WHERE partner = ? AND state = 'waiting' AND due_at <= ?"),
    'SEARCH delivery USING COVERING INDEX delivery_due (partner=? AND due_at<?)',
  );
  const byUid = [...plans].filter(([sql]) => /(FROM|UPDATE) entry .*\buid IN/.test(sql));
  assert.ok(byUid.length >= 4, byUid.map(([sql]) => sql).join('\n'));
  for (const [sql, plan] of byUid) assert.match(plan, /entry USING PRIMARY KEY \(account=\? AND uid=\?\)/, sql);
});

test('readers of the queue seek what they give out; counting reads an index of what waits', async (t) => {
  const db = await emptyDatabase(t);
  const plans = plansIn(db, ['deliveries', 'messages', 'mailboxes', 'holdings']);
  assert.deepEqual(
    scansOf(plans).map((text) => text.split(': ')[1]),
    [],
  );
  for (const index of ['delivery_due', 'delivery_held'])
    assert.ok([...plans.values()].includes(`SEARCH delivery USING COVERING INDEX ${index} (partner>?)`), index);
  // A trace begins with a Message-ID: a seek for each span of ids, never a walk through 90 days of
  // messages.
  assert.equal(
    [...plans].find(([sql]) => sql.includes('JOIN (SELECT id FROM message_of_field'))?.[1],
    'SEARCH message_of_field USING PRIMARY KEY (span=? AND start=? AND id>? AND id<?); SEARCH m USING INTEGER PRIMARY KEY (rowid=?)',
  );
  // An account has 16 consumers; anything else may have thousands of rows.
  for (const [sql, plan] of plans)
    if (!sql.includes('FROM consumer')) assert.doesNotMatch(plan, /TEMP B-TREE/, `${sql} sorts`);
});

test('the trail of an account or a message is sought up to the mark, and read row by row above it', async (t) => {
  const db = await emptyDatabase(t);
  const plans = [...plansIn(db, ['trail']).entries()];
  const of = (part: string): string[] => plans.filter(([sql]) => sql.includes(part)).map(([, plan]) => plan);
  assert.deepEqual(of('audit_of_account'), [
    'SEARCH audit_of_account USING PRIMARY KEY (account=? AND seq>? AND seq<?); SEARCH a USING INTEGER PRIMARY KEY (rowid=?)',
  ]);
  assert.match(
    of('audit_of_message').join(),
    /^SEARCH audit_of_message USING PRIMARY KEY \(message=\? AND seq>\? AND seq<\?\); .*SEARCH message USING COVERING INDEX message_copy \(copy_of=\?\).*SEARCH a USING INTEGER PRIMARY KEY \(rowid=\?\)/,
  );
  for (const plan of of('WHERE account')) assert.match(plan, /^SEARCH (a|audit) USING INTEGER PRIMARY KEY|audit_of/);
});

test('what one account sent and got last is sought by it, in so many rows', async (t) => {
  const db = await emptyDatabase(t);
  const account = 1 as AccountId;
  const plans = plansOf(db, (watched) => {
    read(watched, READS.messages.submittedBy(now, account, 20));
    read(watched, READS.deliveries.sentPage(now, { account, limit: 20 }));
    read(watched, READS.mailboxes.latestIn(now, account, 20));
  });
  assert.deepEqual(scansOf(plans), []);
  const of = (part: string): string => planOf(plans, part);
  assert.match(of('SELECT a.message AS id'), /SEARCH audit_of_account USING PRIMARY KEY \(account=\? AND seq<\?\)/);
  assert.match(of('SELECT w.id'), /SEARCH audit USING INTEGER PRIMARY KEY \(rowid>\?\)/);
  const page = plansOf(db, (watched) => read(watched, READS.deliveries.sentPage(now, { account, limit: 20 })));
  assert.equal([...page].length, 7, 'statements of a page, whatever is on it');
  assert.match(
    of('SELECT a.seq, a.at, CASE'),
    /SEARCH audit_of_account USING PRIMARY KEY \(account=\? AND seq<\?\).*SEARCH a USING INTEGER PRIMARY KEY/,
  );
  assert.match(of('SELECT seq, at, CASE'), /SEARCH audit USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/);
  assert.match(of('SELECT e.retrieved'), /^SEARCH e USING (?:PRIMARY KEY|INDEX \w+) \(account=\?\); SEARCH m/);
  assert.match(of('SELECT h.why'), /^SEARCH h USING (?:PRIMARY KEY|INDEX \w+) \(account=\?\); SEARCH m/);
});

test('what the roads ask of an address is sought by it, and its few certificates are sorted', async (t) => {
  const db = await emptyDatabase(t);
  const plans = plansOf(db, (watched) => read(watched, READS.trust.mail(now, addressKey(address('anna@group.test')))));
  assert.deepEqual(scansOf(plans), []);
  assert.match(planOf(plans, 'SELECT c.fingerprint, c.account'), /^SEARCH a USING PRIMARY KEY \(key=\?\); SEARCH c/);
  const keys = plansOf(db, (watched) => read(watched, READS.trust.registration(now, ['fp:00', 'subject:00'])));
  assert.deepEqual(scansOf(keys), []);
  const pgp = plansOf(db, (watched) => {
    const { pgpKeys } = READS;
    read(watched, pgpKeys.findMail(now, addressKey(address('anna@group.test'))));
    read(watched, pgpKeys.find(now, '0123456789abcdef'));
    read(watched, pgpKeys.findSecret(now, '00'));
  });
  assert.equal(pgp.size, 3);
  assert.deepEqual(scansOf(pgp), []);
});

test('the certificates of one account are sought by it, not among those of all', async (t) => {
  const db = await emptyDatabase(t);
  const plans = plansOf(db, (watched) =>
    read(watched, READS.certificates.listCertificates(now, { limit: 10, login: 'anna' })),
  );
  assert.deepEqual(scansOf(plans), []);
  assert.match([...plans.values()].join(), /SEARCH c USING INDEX certificate_account \(account=\?\)/);
});

test('open codes of accounts that end or are contained are sought by them', async (t) => {
  const plans = plansIn(await emptyDatabase(t), ['enrolments'], 'changes');
  const voided = [...plans].find(([sql]) => sql.includes('UPDATE enrolment SET tries_left = 0 WHERE account'));
  assert.match(voided?.[1] ?? '', /USING .*INDEX enrolment_open \(account=\?\)/);
});

test('a page of a listing of the registry seeks where it begins, and nothing is sorted but the little that one account has', async (t) => {
  const files = [
    'absences',
    'accounts',
    'addresses',
    'client-certificates',
    'edi',
    'former-organisations',
    'organisations',
    'roads',
  ];
  const plans = plansIn(await emptyDatabase(t), files);
  // Whether a domain has addresses is asked for a contact that is not registered: a few
  // milliseconds of the reader's time.
  assert.deepEqual(
    scansOf(plans).filter((scan) => !scan.includes('substr(key, length(key)')),
    [],
  );
  const pages = [...plans].filter(([sql]) => sql.includes('> ? ORDER BY') && !/ FROM (password|delegation) /.test(sql));
  assert.ok(pages.length >= 5, pages.map(([sql]) => sql).join('\n'));
  for (const [sql, plan] of pages) assert.doesNotMatch(plan, /TEMP B-TREE/, `${sql} sorts`);
});

test('settings are read where they are set by name; whether one is anywhere is asked by check and doctor alone', async (t) => {
  const plans = [...plansIn(await emptyDatabase(t), ['settings'])];
  for (const table of ['organisation', 'account', 'address']) {
    const own = plans.filter(([sql]) => new RegExp(`^\\s*SELECT \\w+( AS name)?, settings FROM ${table} `).test(sql));
    assert.equal(own.length, 1, table);
    for (const [sql, plan] of own) assert.match(plan, /^SEARCH \w+ USING .*=\?\)/, sql);
  }
});

/**
 * Domains of one page of partners, what is asked for one row, and the active days of a month:
 * figures, a few sums of it.
 */
const NO_PAGE = /FROM partner_domain WHERE partner IN|EXISTS|GROUP BY u\.days/;

test('pages of partners, usage, networks and imports seek where they begin, and nothing is sorted', async (t) => {
  const plans = plansIn(await emptyDatabase(t), ['partners', 'usage', 'networks', 'imports']);
  assert.deepEqual(scansOf(plans), []);
  for (const [sql, plan] of plans) if (!NO_PAGE.test(sql)) assert.doesNotMatch(plan, /TEMP B-TREE/, `${sql} sorts`);
});

test('the directory is searched by version and an address by its key; nothing is read from end to end, and nothing sorted', async (t) => {
  const plans = plansIn(await emptyDatabase(t), ['directory']);
  assert.ok(plans.size >= 5, String(plans.size));
  assert.deepEqual(scansOf(plans), []);
  for (const [sql, plan] of plans) assert.doesNotMatch(plan, /TEMP B-TREE/, `${sql} sorts`);
  const steps = [...plans].filter(([sql]) => sql.includes('e.version <= ?'));
  assert.equal(steps.length, 1);
  for (const [, plan] of steps) assert.match(plan, /SEARCH e USING INDEX \w+ \(version>\? AND version<\?\)/);
});

test('10,000 deliveries that wait for a dead partner cost the claims of another nothing', async (t) => {
  const { store } = await openTestStore(t);
  const partners: PartnerId[] = [];
  for (const name of ['dead', 'alive']) {
    partners.push(await addPartner(store, name));
    await store.registry.setPartnerDomain(name, `${name}.test`, 'add', { name: 'test' });
  }
  const [dead, alive] = partners as [PartnerId, PartnerId];
  const post = async (n: number, name: string): Promise<void> => {
    const to = Array.from({ length: n }, (_, i) => `a${i}@${name}.test`);
    const found = await acceptanceOf(store, await sealBody(store, randomBytes(100)), to.slice(0, 1));
    const recipients = to.map((text) => ({ ...found.recipients[0]!, address: address(text) }));
    assert.equal((await store.accept({ ...found, recipients })).kind, 'filed');
  };
  /** Milliseconds of 200 claims of one, one after another. */
  const claims = async (): Promise<number> => {
    await post(200, 'alive');
    const start = performance.now();
    for (let i = 0; i < 200; i += 1) assert.equal((await store.deliveries.claim(alive, 1, minutes(10))).length, 1);
    return performance.now() - start;
  };
  await claims();
  const before = Math.min(await claims(), await claims());
  for (let i = 0; i < 10; i += 1) await post(1000, 'dead');
  const beside = Math.min(await claims(), await claims());
  t.diagnostic(`200 claims: ${before.toFixed(0)} ms before, ${beside.toFixed(0)} ms beside 10,000 that wait`);
  const queues = await store.deliveries.queues();
  assert.deepEqual(
    queues.map(({ partner, waiting }) => [partner, waiting]),
    [
      [dead, 10_000],
      [alive, 1000],
    ],
  );
  // The plans above decide; this would show what no plan tells. Generous: the machine may be busy.
  assert(beside < 5 * before + 500, `${beside} ms against ${before}`);
});
