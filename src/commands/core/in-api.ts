/** A row as a resource of the API (decision 1803). */

/**
 * A row as a resource of the API (decision 1803). What of its input the path does not name comes in
 * the query of GET and DELETE, and in the body of the others; ids stand for names in paths and
 * queries.
 */
export interface InApi {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * Below `/v1`. Its parameters are those of api/administration/ids.ts:
   * `/accounts/{accountId}/addresses/{addressId}`.
   */
  readonly path: string;
  /** What the command does, if the row says more than is offered here. */
  readonly about?: string;
  /** operationId; left out, made of the operation: `addAccountPassword`. */
  readonly id?: string;
  /**
   * Which input a parameter of the path names, where that is not the one of its kind:
   * `{ delegateId: 'login' }`.
   */
  readonly fills?: Readonly<Record<string, string>>;
  /** Values that the row always asks for, whatever is typed. */
  readonly fixed?: Readonly<Record<string, boolean | string>>;
  /**
   * Inputs that are called otherwise in a body: `{ event: 'events' }` of one that a command line
   * has several times.
   */
  readonly names?: Readonly<Record<string, string>>;
  /** Inputs that are not offered. */
  readonly without?: readonly string[];
  /**
   * Ids that are added to the answer, each by the member that names it:
   * `{ accountId: 'login', 'passwords.passwordId': 'name' }`.
   */
  readonly ids?: Readonly<Record<string, string>>;
  /** Members of the answer that are left out, or all but these. */
  readonly drops?: readonly string[];
  readonly only?: readonly string[];
  /** True: the operation makes something, and HTTP answers 201. */
  readonly creates?: true;
  /** The answer has something that is shown once. */
  readonly secret?: true;
}
