/** Who calls the API, as its routes see it. */
import type { UsedPassword } from '../../auth/authenticator.ts';
import type { Account, Organisation } from '../../domain/registry.ts';
import type { Right, Standing } from '../../domain/roles.ts';

/**
 * What an account may do over the API. With its own password it may do both; with an app password
 * it may do what that was made for.
 */
export type Scope = 'send' | 'fetch';

export interface AccountCaller {
  readonly kind: 'account';
  readonly account: Account;
  readonly organisation: Organisation;
  /** How the caller logged in. */
  readonly by: 'password' | 'app-password' | 'certificate';
  readonly scopes: ReadonlySet<Scope>;
  /** The password that was shown. */
  readonly password?: UsedPassword;
  /** SHA-256 of the client certificate that the login rests on, alone or with a password. */
  readonly certificate?: string;
}

/** `organisation`: name of the only organisation for which the operator may act; absent: all. */
export interface OperatorCaller extends Standing {
  readonly kind: 'operator';
  readonly name: string;
}

export type Caller = AccountCaller | OperatorCaller;

/**
 * Who may call a route. `nobody`: anybody, without a login. `account`: an account with the scope;
 * `any`: with any scope. `operator`: an operator with the right. `either`: an account, or an
 * operator with the right.
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
