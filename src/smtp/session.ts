/**
 * One SMTP session: whose it is, and what becomes of the commands that log in and send (RFC 5321,
 * RFC 6409).
 *
 * It is nobody's until a login (login.ts) has made it an account's; from then on the account's
 * messages are its transactions (transaction.ts). The session knows no socket: it answers commands,
 * and its connection says the answers.
 */
import type { Mechanism, UsedPassword } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import { tlsLine } from '../platform/tls-line.ts';
import { Submission } from '../submission/submission.ts';
import type { Standing } from '../submission/transaction.ts';
import { type Granted, Login } from './login.ts';
import { replies } from './replies.ts';
import type { SessionParts } from './parts.ts';
import { Transaction } from './transaction.ts';
import type { Answer, Offer, Wire } from './wire.ts';

export class Session {
  readonly #parts: SessionParts;
  readonly #wire: Wire;
  readonly #place: AdmittedConnection;
  readonly #log: Log;
  readonly #login: Login;
  /** The account's transaction; undefined before the login. */
  #transaction: Transaction | undefined;
  #password: UsedPassword | undefined;
  /** How the commands of this session deviate; at each message the account is judged by them. */
  readonly #quirks = new Set<Quirk>();

  constructor(parts: SessionParts, wire: Wire, place: AdmittedConnection, log: Log) {
    this.#parts = parts;
    this.#wire = wire;
    this.#place = place;
    this.#log = log;
    this.#login = new Login(parts, wire, place.network, {
      become: (granted) => this.#become(granted),
      meet: (quirk) => this.meet(quirk),
    });
  }

  /** The account that has logged in. */
  get account(): Account | undefined {
    return this.#transaction?.submitter.account;
  }

  /** The password that the session was opened with, where one was. */
  get password(): UsedPassword | undefined {
    return this.#password;
  }

  get failedLogins(): number {
    return this.#login.failed;
  }

  /** The transaction of the account that has logged in. */
  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  meet(quirk: Quirk): void {
    this.#quirks.add(quirk);
  }

  /**
   * RFC 3207 section 4.2: forgets what was said before TLS, which may have come from somebody on
   * the way.
   */
  forget(): void {
    this.#quirks.clear();
  }

  /** HELO, EHLO, RSET, STARTTLS and a new connection end the transaction. */
  reset(): void {
    this.#transaction?.reset();
  }

  ehlo(): Answer {
    const mechanisms = this.#transaction === undefined ? this.#login.mechanisms() : [];
    return mechanisms instanceof Promise ? mechanisms.then((offered) => this.#offer(offered)) : this.#offer(mechanisms);
  }

  #offer(mechanisms: readonly Mechanism[]): Offer {
    const { maxMessage, maxRecipients } = this.#parts.limits;
    const extensions = [
      'PIPELINING',
      `SIZE ${maxMessage}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      'DSN',
      `LIMITS RCPTMAX=${maxRecipients}`, // RFC 9422
      ...(!this.#wire.secure ? ['STARTTLS'] : this.#transaction === undefined ? this.#login.offer(mechanisms) : []),
    ];
    return { extensions };
  }

  auth(command: Buffer): Answer {
    if (!this.#wire.secure) return replies.needTls;
    return this.#transaction === undefined ? this.#login.auth(command) : replies.secondLogin;
  }

  /** A client that shows a certificate may begin with MAIL. */
  get mayEnter(): boolean {
    return this.#transaction === undefined && this.#login.mayEnter;
  }

  /**
   * Logs in by the certificate alone, where its account allows. Undefined: the command may run,
   * logged in or not; else the refusal that ends it.
   */
  enter(): Promise<Refusal | undefined> {
    return this.#login.enter();
  }

  /** Makes the session somebody's. Nothing else does. */
  #become(granted: Granted): Refusal | undefined {
    const { account, organisation, by, password } = granted;
    const { id, remoteAddress: address, greeting } = this.#wire;
    if (!this.#place.login(account.id)) return replies.accountConnections;
    const { tls, cipher } = tlsLine(this.#wire.tls) ?? { tls: 'TLS', cipher: '' };
    const certificate = this.#login.fingerprint(granted);
    const submitter = {
      account,
      organisation,
      session: id,
      address,
      helo: greeting.name,
      extended: greeting.verb === 'EHLO',
      tls,
      cipher,
      mechanism: this.#login.mechanism,
      ...defined({ certificate }),
    };
    // Called at every MAIL, so that a change counts at once.
    const standing = (): Promise<Result<Standing, Refusal>> => this.#standing(account, by !== undefined);
    const submission = new Submission(this.#parts.submission, submitter, standing);
    this.#transaction = new Transaction(submission, this.#quirks, this.#parts.lfOnly, this.#wire);
    this.#password = password;
    this.#wire.admit(account.login);
    this.#log.info('smtp.login', { account: account.login, peer: address, tls, by: by ?? 'password' });
    return undefined;
  }

  /**
   * Also refuses a login that was under way when its password was replaced. The registry is read
   * last, so that nothing can change after it was judged.
   */
  async #standing(account: Account, byCertificate: boolean): Promise<Result<Standing, Refusal>> {
    if (byCertificate && !(await this.#login.holds(account))) return fail(replies.certificateEnded);
    const record = await this.#parts.submission.store.registry.findLogin(account.login);
    return passwordStands(record, this.#password) ? ok(record) : fail(replies.passwordEnded);
  }
}
