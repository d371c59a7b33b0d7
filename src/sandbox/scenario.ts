/**
 * A scenario, declared as data: what happens, what is asked of a program then and where that is
 * written, what it would mean for a patient, and how it is judged.
 */
import type { Facts, Visit } from './facts.ts';
import type { Mail, Placed } from './mails.ts';

export type Protocol = 'pop3' | 'smtp' | 'https' | 'webhook';

/** What the sandbox does instead of an answer, or with one. */
export type Act =
  /** The line breaks; the gateway never got the command. */
  | { readonly do: 'cut' }
  /** The gateway does it, its answer is lost, and the line breaks. */
  | { readonly do: 'lose' }
  /**
   * This in place of the gateway's answer; the gateway never got the command. `cut`: and the line
   * breaks.
   */
  | { readonly do: 'answer'; readonly line: string; readonly cut?: true }
  /** The answer comes, later. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Of a message that is handed out: the line breaks after so many octets of it. */
  | { readonly do: 'break'; readonly after: number }
  /** Of a message that is handed out: its last line comes later. */
  | { readonly do: 'hold'; readonly ms: number }
  /** Something is done elsewhere before the gateway gets the command. */
  | { readonly do: 'first'; readonly what: () => Promise<void> };

export interface Trouble {
  /**
   * Asked for each command before the gateway gets it: `QUIT`, `RETR`, `MAIL`; `greeting` when a
   * connection begins, `content` when a message came whole.
   */
  command(verb: string, visit: Visit, facts: Facts): Act | undefined;
  /** True once everything that was to go wrong has gone wrong. */
  used(facts: Facts): boolean;
}

/**
 * `failed`: the guide or the RFC forbids it. `remark`: mail is safe, and the guide asks for
 * something else.
 */
export interface Finding {
  readonly level: 'failed' | 'remark';
  readonly says: string;
  /** What it would mean for a patient, where that is not what the scenario says. */
  readonly patient?: string;
}

/** A sentence that a program is held to. */
export interface Rule {
  readonly says: string;
  /** As in `RFC 1939 section 6`. */
  readonly rfc?: string;
  /** Page and chapter of ours. */
  readonly guide?: string;
}

/** What a scenario may ask of the sandbox. */
export interface Stage {
  readonly facts: Facts;
  readonly login: string;
  readonly settings: Settings;
  /** An operation of the command table. */
  operate(name: 'address.add' | 'address.end' | 'account.set', input: Readonly<Record<string, unknown>>): Promise<void>;
  /** Puts a message into the mailbox of the program, by SMTP. */
  place(mail: Mail): Promise<Placed>;
  /** Puts one into a mailbox of the hospital. */
  fill(address: string, mail: Mail): Promise<void>;
  /** Takes a message out of it, as another workplace would. */
  remove(uid: string): Promise<void>;
  /** A receipt for a message of the program lies in its mailbox when it resolves. */
  receipt(): Promise<Placed>;
  /** Refuses connections for this long, and until `meanwhile` is done. */
  away(ms: number, meanwhile?: () => Promise<void>): void;
}

export interface Settings {
  /** How long an hour is here, in milliseconds. */
  readonly hour: number;
  /** How long a slow server takes for one answer, in milliseconds. */
  readonly slow: number;
}

export type TlsKind = 'good' | 'ended' | 'other-name' | 'stranger' | 'tls13' | 'asks';

export interface Scenario {
  readonly name: string;
  /** What must come so that it is tried; `any`: a connection, of whatever program. */
  readonly speaks: Protocol | 'any';
  /** What happens, in one or two sentences. */
  readonly happens: string;
  /** What a right program does. */
  readonly right: string;
  readonly rules: readonly Rule[];
  /** What a program that fails here would mean for a patient's result. */
  readonly patient: string;
  /** What a person has to check with their own eyes. */
  readonly look?: string;
  /** Recipients of a message that the program is to send; absent: none. */
  readonly to?: readonly string[];
  readonly tls?: TlsKind;
  /** STARTTLS and STLS are not offered. */
  readonly stripped?: true;
  readonly ipv6?: true;
  /** A program fetches and says nothing of itself; what lies in its mailbox then. */
  readonly mails?: readonly Mail[];
  /** Left out: nothing goes wrong on the line. */
  trouble?(stage: Stage): Trouble;
  /** Before the program is waited for. */
  prepare?(stage: Stage): Promise<readonly Placed[]>;
  /** Enough was seen. Left out: the rule of its protocol. */
  done?(facts: Facts, placed: readonly Placed[]): boolean;
  judge(facts: Facts, placed: readonly Placed[], stage: Stage): readonly Finding[];
}

export const failed = (says: string, patient?: string): Finding => ({
  level: 'failed',
  says,
  ...(patient !== undefined && { patient }),
});
export const remark = (says: string): Finding => ({ level: 'remark', says });

export const GUIDE_RECEIVING = 'docs/systems.md, "Receive over POP3"';
export const GUIDE_SENDING = 'docs/systems.md, "Send over SMTP"';
export const GUIDE_VALUES = 'docs/clients.md, "The values"';
export const GUIDE_API = 'docs/api.md, "Send, and be sure"';
export const GUIDE_TOLD = 'docs/api.md, "Be told"';

/** The first `times` commands of one of these verbs meet it. */
export function firstOf(verbs: readonly string[], times: number, act: (nth: number) => Act): Trouble {
  let met = 0;
  return {
    command: (verb) => (verbs.includes(verb) && met < times ? act(++met) : undefined),
    used: () => met >= times,
  };
}

export const NO_TROUBLE: Trouble = { command: () => undefined, used: () => true };
