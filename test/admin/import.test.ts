import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImportOptions, type ImportReport, importAccounts } from '../../src/admin/import.ts';
import { problemLines } from '../../src/admin/csv-table.ts';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import type { Account, Organisation, State } from '../../src/domain/registry.ts';
import { octets } from '../../src/domain/units.ts';
import { type LoginRecord, type NewAccount, type Recipient, RegistryError } from '../../src/store/registry.ts';

const organisation: Organisation = {
  id: 1 as OrganisationId,
  name: 'practice',
  title: 'Practice',
  language: 'nl',
  settings: {},
};
const accountOf = (login: string): Account => ({
  id: 1 as AccountId,
  login,
  organisation: organisation.id,
  kind: 'mail',
  state: 'active',
  settings: {},
});
const HASH = `$6$salt$${'a'.repeat(86)}`;

/** The part of the registry that an import uses. */
class World {
  readonly imported: NewAccount[] = [];
  readonly hashed: string[] = [];
  readonly progress: string[] = [];
  readonly logins = new Map<string, LoginRecord>();
  readonly addresses = new Map<string, Recipient>();
  refuse: RegistryError | undefined;
  running = 0;
  peak = 0;

  constructor() {
    this.logins.set('taken@x.example', {
      account: accountOf('taken@x.example'),
      organisation,
      passwords: [],
      appPasswords: [],
      version: 1,
    });
    const address = (text: string, state: State): void => {
      this.addresses.set(text, {
        address: { address: text as Address, account: 1 as AccountId, state, settings: {} },
        account: accountOf('owner@x.example'),
        organisation,
        used: octets(0),
      });
    };
    address('used@x.example', 'active');
    address('ended@x.example', 'ended');
  }

  async import(text: string | readonly string[], options: Partial<ImportOptions> = {}): Promise<ImportReport> {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(typeof text === 'string' ? text : text.join('\r\n'));
    }
    return await importAccounts(source(), {
      registry: {
        findLogin: async (login) => this.logins.get(login),
        findRecipient: async (key) => this.addresses.get(key),
        findOrganisation: async (name) => (name === 'practice' ? organisation : undefined),
        importAccounts: async (accounts, _actor, progress) => {
          if (this.refuse !== undefined) throw this.refuse;
          progress?.(accounts.length);
          this.imported.push(...accounts);
        },
      },
      actor: { name: 'test' },
      dryRun: false,
      hash: async (password) => {
        this.hashed.push(password);
        this.running += 1;
        this.peak = Math.max(this.peak, this.running);
        await new Promise((resolve) => setImmediate(resolve));
        this.running -= 1;
        return `h:${password}`;
      },
      progress: (phase, done, total) => void this.progress.push(`${phase} ${done}/${total}`),
      ...options,
    });
  }

  /** `LINE COLUMN: text` of each problem. */
  async problems(text: string | readonly string[], options: Partial<ImportOptions> = {}): Promise<string[]> {
    const report = await this.import(text, options);
    assert.equal(report.kind, 'refused');
    assert.deepEqual(this.imported, [], 'nothing was changed');
    assert.deepEqual(this.hashed, [], 'nothing was hashed in vain');
    return report.problems.map((p) => `${p.line} ${p.column ?? '-'}: ${p.text}`);
  }
}

test('accounts come in with password or hash, several addresses and kind, in one call of the store', async () => {
  const world = new World();
  const report = await world.import([
    'login,address,organisation,password,password_hash,kind',
    'A@X.example,a@x.example A.Second@x.example,practice,giraf bloempot trein,,edi',
    `b@x.example,b@x.example,practice,,{SHA512-CRYPT}${HASH},`,
    'c@x.example,c@x.example,practice," met spaties, en ""komma"" ",,mail',
  ]);
  assert.deepEqual(report, { kind: 'imported', accounts: 3 });
  assert.deepEqual(world.imported, [
    {
      login: 'a@x.example',
      organisation: 'practice',
      kind: 'edi',
      addresses: ['a@x.example', 'A.Second@x.example'],
      password: { name: 'imported', hash: 'h:giraf bloempot trein' },
    },
    {
      login: 'b@x.example',
      organisation: 'practice',
      kind: 'mail',
      addresses: ['b@x.example'],
      password: { name: 'imported', hash: HASH },
    },
    {
      login: 'c@x.example',
      organisation: 'practice',
      kind: 'mail',
      addresses: ['c@x.example'],
      password: { name: 'imported', hash: 'h: met spaties, en "komma" ' },
    },
  ]);
});

test('a dry run checks everything and changes nothing', async () => {
  const world = new World();
  const good = ['login,address,organisation,password', 'a@x.example,a@x.example,practice,giraf-bloempot'];
  assert.deepEqual(await world.import(good, { dryRun: true }), { kind: 'checked', accounts: 1 });
  assert.deepEqual([world.imported, world.hashed], [[], []]);
  const problems = await world.problems([...good, 'b@x.example,used@x.example,practice,giraf-bloempot'], {
    dryRun: true,
  });
  assert.equal(problems.length, 1);
});

test('every bad line is reported with line, column, value and expectation, in the order of the file', async () => {
  const world = new World();
  const problems = await world.problems([
    'login,address,organisation,password,password_hash,kind',
    'a@x.example,a@x.example,practice,giraf-bloempot,,',
    'a b,niet-een-adres,Praktijk Jansen,kort,,fax',
    'A@x.example,A@X.example,practice,giraf-bloempot,,',
    'taken@x.example,used@x.example,unknown,giraf-bloempot,,',
    'd@x.example,ended@x.example,practice,giraf-bloempot,,',
    `e@x.example,e@x.example,practice,giraf-bloempot,${HASH},`,
    'f@x.example,f@x.example,practice,,,',
    'g@x.example,g@x.example,practice,,$1$abc$def,',
    `h@x.example,h@x.example,practice,${HASH},,`,
    'i@x.example,i@x.example,practice',
    'j@x.example,j"@x.example,practice,giraf-bloempot,,',
    'k@x.example,,practice,giraf-bloempot,,',
  ]);
  assert.deepEqual(problems, [
    '3 login: "a b" is not a login name; expected 1 to 254 characters without spaces, : " < > or \\',
    '3 address: "niet-een-adres" cannot be registered: the address has no local part or no domain; expected local@domain',
    '3 organisation: "Praktijk Jansen" is not a name of an organisation; expected lower-case letters, digits and hyphens',
    '3 kind: "fax" is not a kind of account; expected mail or edi',
    '3 password: the password is too short; expected at least 12 characters, such as three or four words',
    '4 login: "A@x.example" is in line 2 already; expected each login name once',
    '4 address: "A@X.example" is in line 2 already; expected each address once',
    '5 organisation: there is no organisation "unknown"; expected a registered one, add it with "sluis organisation add"',
    '5 login: an account "taken@x.example" exists already; expected a new login name',
    '5 address: the address "used@x.example" belongs to account "owner@x.example"; expected an address that is free',
    '6 address: the address "ended@x.example" has ended and is never given out again; expected another address',
    '7 password: the line has both a password and a password hash; expected one of them',
    '8 password: the line has neither a password nor a password hash; expected one of them',
    '9 password_hash: the password hash is of scheme $1$; expected $argon2id$, $2a$, $2b$ or $2y$ (bcrypt), $6$ (sha512-crypt) or {SSHA}',
    '10 password: the password is a password hash; expected it in the column password_hash',
    '11 -: the line has 3 fields; expected 6 as in the header (a field with the separator in it needs quotes)',
    '12 -: there is a quote inside an unquoted field; expected the whole field in quotes, "" for one',
    '13 address: "" cannot be registered: an address is empty; expected local@domain',
  ]);
});

test('no password and no hash stands in a problem, in whatever column of the two it is', async () => {
  const world = new World();
  const problems = await world.problems([
    'login,address,organisation,password,password_hash',
    'a@x.example,a@x.example,practice,hunt2,',
    'b@x.example,b@x.example,practice,,hunt2-in-the-wrong-column',
    'c@x.example,c@x.example,practice,hunt2\u0007-bell-inside,',
    'd@x.example,d@x.example,practice,hunt2-both,hunt2-both',
  ]);
  assert.equal(problems.length, 4);
  assert.ok(!problems.join().includes('hunt2'));
});

test('a header that cannot be used is one clear problem', async () => {
  const world = new World();
  assert.match((await world.problems(''))[0]!, /^1 -: the file is empty; expected a header/);
  assert.match((await world.problems('login,address,password\n'))[0]!, /^1 -: the header lacks organisation/);
  assert.match((await world.problems('login,address,organisation\n'))[0]!, /neither password nor password_hash/);
  assert.match((await world.problems('login,address,organisation,pasword\n'))[0]!, /unknown column "pasword"/);
  assert.match((await world.problems('login,login,address,organisation,password\n'))[0]!, /"login" more than once/);
  assert.match((await world.problems('login,address,organisation,password\n'))[0]!, /has a header and no accounts/);
});

test('a file of a Dutch spreadsheet, with semicolons and a byte order mark, is read', async () => {
  const world = new World();
  const report = await world.import(
    '\ufeffLogin;Address;Organisation;Password\r\na@x.example;a@x.example;practice;giraf-bloempot\r\n',
  );
  assert.deepEqual(report, { kind: 'imported', accounts: 1 });
});

test('a change of the registry in the meantime is reported at its line, and nothing is imported', async () => {
  const world = new World();
  world.refuse = new RegistryError('exists', 'Cannot add account "b@x.example": it exists');
  const report = await world.import([
    'login,address,organisation,password',
    'a@x.example,a@x.example,practice,giraf-bloempot',
    'b@x.example,b@x.example,practice,giraf-bloempot',
  ]);
  assert.deepEqual(report, {
    kind: 'refused',
    problems: [{ line: 3, text: 'Cannot add account "b@x.example": it exists' }],
  });
});

const many = (count: number): string =>
  `login,address,organisation,password\n${Array.from({ length: count }, (_, i) => `${i}@x.example,${i}@x.example,practice,giraf-bloempot-${i}\n`).join('')}`;

test('thousands of accounts: at most two hashes at once, progress in each phase, the order of the file kept', async () => {
  const world = new World();
  assert.deepEqual(await world.import(many(3000)), { kind: 'imported', accounts: 3000 });
  assert.equal(world.peak, 2);
  assert.equal(world.imported[2999]?.password?.hash, 'h:giraf-bloempot-2999');
  for (const phase of ['check 3000/3000', 'hash 50/3000', 'hash 3000/3000', 'store 3000/3000'])
    assert.ok(world.progress.includes(phase), phase);
});

test('an import that is cancelled while it hashes changes nothing', async () => {
  const world = new World();
  const controller = new AbortController();
  const report = await world.import(many(500), {
    signal: controller.signal,
    progress: (phase, done) => {
      if (phase === 'hash' && done >= 100) controller.abort();
    },
  });
  assert.deepEqual(report, { kind: 'cancelled' });
  assert.deepEqual(world.imported, []);
  assert.ok(world.hashed.length < 110);
});

test('problemLines() writes one line a problem and stops at ten thousand', () => {
  const problems = Array.from({ length: 10_002 }, (_, i) => ({ line: i, column: 'login', text: 'wrong' }));
  const lines = problemLines(problems).split('\n');
  assert.equal(lines[1], '  line 1, login: wrong');
  assert.equal(lines.length, 10_001);
  assert.match(lines.at(-1)!, /and 2 more/);
});
