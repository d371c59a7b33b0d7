/** Who calls the API, as its routes see it. */
import type { UsedPassword } from '../../auth/authenticator.ts';
import type { Account, Organisation } from '../../domain/registry.ts';
import type { Right, Standing } from '../../domain/roles.ts';

/**
 * What an account may do over the API. A password of the account may do both; an app password what
 * it was made for.
 */
export type Scope = 'send' | 'fetch';

export interface AccountCaller {
  readonly kind: 'account';
  readonly account: Account;
  readonly organisation: Organisation;
  /** How the caller logged in. */
  readonly by: 'password' | 'app-password' | 'certificate';
  readonly scopes: ReadonlySet<Scope>;
  /** The one that was shown. */
  readonly password?: UsedPassword;
  /** SHA-256 of the client certificate that the login rests on, alone or with a password. */
  readonly certificate?: string;
}

/** `organisation`: the name of the one that he may do it for; left out: all. */
export interface OperatorCaller extends Standing {
  readonly kind: 'operator';
  readonly name: string;
}

export type Caller = AccountCaller | OperatorCaller;

/**
 * Who may call a route. `nobody`: whoever connects, and nobody is asked who he is. `account`: with
 * the scope; `any` takes each. `operator`: with the right. `either`: an account, or an operator
 * with the right.
 */
export type Access =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'account'; readonly scope: Scope | 'any' }
  | { readonly kind: 'operator'; readonly right: Right }
  | { readonly kind: 'either'; readonly scope: Scope | 'any'; readonly right: Right };

/** Kinds of callers that a route with this access can have. */
export type CallerOf<A extends Access> = {
  readonly nobody: undefined;
  readonly account: AccountCaller;
  readonly operator: OperatorCaller;
  readonly either: Caller;
}[A['kind']];
