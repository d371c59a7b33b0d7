/**
 * What was seen of the program under test while one scenario went on: its visits to the doors of
 * the sandbox, and what it did in each.
 *
 * Times are milliseconds since the scenario began. Everything is bounded: a program that loops
 * fills no memory, it is counted.
 */

/** Lines of what happened; what comes later is counted. */
const MAX_LINES = 200;
/** Visits, and of each what is remembered one by one. */
export const MAX_VISITS = 500;
export const MAX_DEEDS = 2000;

/** One message that was handed out over POP3. */
export interface Fetched {
  readonly uid: string;
  readonly at: number;
  /** Its last line was sent. */
  readonly whole: boolean;
}

/**
 * One message that the program asked to delete. DELE marks it; QUIT is what deletes (RFC 1939
 * section 6), so each is looked at twice. `stored`: whether it lay in the place of `--stored` then;
 * undefined: no place was given.
 */
export interface Deleted {
  readonly uid: string;
  /** True: DELE came before the last line of the message was sent. */
  readonly early: boolean;
  /** Whether the message was stored, at DELE. */
  readonly stored?: boolean;
  /** The same at QUIT; undefined: QUIT never came. */
  atQuit?: { readonly early: boolean; readonly stored?: boolean };
}

/** One message that the program handed over, or tried to. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  /** Each recipient with the code that the program got for it. */
  readonly to: { readonly address: string; readonly code: number }[];
  messageId?: string;
  /** SHA-256 of the octets between 354 and the final dot. */
  sha256?: string;
  /** The code that the program saw for the whole; 0: none. */
  code: number;
  /** The gateway took it, whatever the program saw. */
  taken: boolean;
}

/** One connection. */
export interface Visit {
  readonly number: number;
  readonly protocol: 'pop3' | 'smtp' | 'https';
  readonly at: number;
  ended?: number;
  /** Such as `TLSv1.3`. */
  tls?: string;
  /** Why TLS was not agreed, as the program or the library says. */
  tlsFailed?: string;
  /** State of the client certificate that it showed. */
  clientCertificate?: 'holds' | 'ended';
  /** A name or a password came outside TLS. */
  inClear?: boolean;
  /** Commands inside TLS, besides RSET and QUIT. */
  commands: number;
  /** Passwords that came. */
  logins: number;
  loggedIn: boolean;
  /** The sandbox or the gateway ended it; otherwise the program did. */
  cut: boolean;
  quit: 'none' | 'done' | 'refused' | 'lost';
  readonly fetched: Fetched[];
  readonly deleted: Deleted[];
  readonly sent: Sent[];
}

/** One request to the API. */
export interface Asked {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly sha256: string;
  readonly status: number;
}

/** One run of a command that the sandbox started. */
export interface Ran {
  readonly at: number;
  readonly status: number | 'ended by the sandbox';
  readonly said: string;
}

/** One answer to a webhook. `status` 0: there was none. */
export interface WebhookAnswer {
  readonly what: string;
  readonly status: number;
}

export interface Line {
  readonly at: number;
  readonly text: string;
}

export class Facts {
  readonly visits: Visit[] = [];
  readonly requests: Asked[] = [];
  readonly runs: Ran[] = [];
  readonly told: WebhookAnswer[] = [];
  readonly lines: Line[] = [];
  /** Visits that were not remembered. */
  tooMany = 0;
  readonly #now: () => number;
  readonly #began: number;
  readonly #show: (line: Line) => void;

  /** `show`: a person waits, and sees each line as it comes. */
  constructor(now: () => number, show: (line: Line) => void = () => undefined) {
    this.#now = now;
    this.#began = now();
    this.#show = show;
  }

  at(): number {
    return Math.round(this.#now() - this.#began);
  }

  note(text: string): void {
    const line = { at: this.at(), text };
    if (this.lines.length < MAX_LINES) this.lines.push(line);
    else if (this.lines.length === MAX_LINES) this.lines.push({ ...line, text: 'and more, which is not shown' });
    if (this.lines.length <= MAX_LINES) this.#show(line);
  }

  begin(protocol: Visit['protocol']): Visit {
    const visit: Visit = {
      number: this.visits.length + this.tooMany + 1,
      protocol,
      at: this.at(),
      commands: 0,
      logins: 0,
      loggedIn: false,
      cut: false,
      quit: 'none',
      fetched: [],
      deleted: [],
      sent: [],
    };
    if (this.visits.length < MAX_VISITS) this.visits.push(visit);
    else this.tooMany++;
    return visit;
  }

  get open(): boolean {
    return this.visits.some(({ ended }) => ended === undefined);
  }

  get sent(): readonly Sent[] {
    return this.visits.flatMap((visit) => visit.sent);
  }

  get fetched(): readonly Fetched[] {
    return this.visits.flatMap((visit) => visit.fetched);
  }

  get logins(): number {
    return this.visits.reduce((sum, visit) => sum + visit.logins, 0);
  }
}

/** Adds to a list that a program could otherwise fill without end. */
export function remember<T>(list: T[], one: T): void {
  if (list.length < MAX_DEEDS) list.push(one);
}
