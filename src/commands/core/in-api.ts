/** A row as a resource of the API (decision 1803). */

/**
 * A command as a resource of the API (decision 1803). Inputs that the path does not name come in
 * the query of a GET or DELETE, and in the body of the other methods. Paths and queries have ids in
 * place of names.
 */
export interface InApi {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * The path below `/v1`, such as `/accounts/{accountId}/addresses/{addressId}`. The parameters are
   * those of api/administration/ids.ts.
   */
  readonly path: string;
  /** What the operation does, if the row's own text says more than the API offers. */
  readonly about?: string;
  /**
   * The operationId. Without it, one is made from the name of the operation: `addAccountPassword`.
   */
  readonly id?: string;
  /**
   * The input that a parameter of the path fills, if it is not the usual one of its kind: `{
   * delegateId: 'login' }`.
   */
  readonly fills?: Readonly<Record<string, string>>;
  /** Inputs with a fixed value, whatever the request says. */
  readonly fixed?: Readonly<Record<string, boolean | string>>;
  /**
   * Inputs with another name in the body: `{ event: 'events' }` for an option that a command line
   * may repeat.
   */
  readonly names?: Readonly<Record<string, string>>;
  /** Inputs that the API does not offer. */
  readonly without?: readonly string[];
  /**
   * Ids that are added to the answer, each with the member that names the thing: `{ accountId:
   * 'login', 'passwords.passwordId': 'name' }`.
   */
  readonly ids?: Readonly<Record<string, string>>;
  /** Members of the answer that are left out; `only`: the only ones that are kept. */
  readonly drops?: readonly string[];
  readonly only?: readonly string[];
  /** The operation makes something, so HTTP answers 201. */
  readonly creates?: true;
  /** The answer holds a secret that is shown only once. */
  readonly secret?: true;
}
