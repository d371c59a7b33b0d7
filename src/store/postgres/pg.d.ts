/**
 * Of the package `pg`, which has no declarations of its own: what is used of it, and nothing else.
 */
declare module 'pg' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';
  import type { Duplex } from 'node:stream';
  import type { ConnectionOptions } from 'node:tls';

  export interface ClientOptions {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    /** Called only if the server wants a password. */
    readonly password: () => string;
    readonly ssl: ConnectionOptions | false;
    readonly sslnegotiation: 'postgres';
    readonly application_name: string;
    readonly client_encoding: 'UTF8';
    /** A query is sent at once, not after the answer to the previous one. */
    readonly pipeline: true;
    /** The socket on which everything goes, TLS inside it too. */
    readonly stream: () => Socket;
  }
  export interface Query {
    readonly text: string;
    /** Prepared once on a connection, and known there by it. */
    readonly name?: string | undefined;
    readonly values?: readonly unknown[] | undefined;
    readonly rowMode: 'array';
  }
  export interface Result {
    readonly rows: readonly (readonly unknown[])[];
    readonly fields: readonly { readonly name: string }[];
    readonly rowCount: number | null;
    /** What was done in the end: a COMMIT of a transaction that had failed says ROLLBACK. */
    readonly command: string;
  }
  export interface Notice {
    /** SQLSTATE. */
    readonly code?: string;
    readonly message?: string;
  }
  export interface Notification {
    readonly channel: string;
    readonly payload?: string;
  }
  export class Client extends EventEmitter {
    constructor(options: ClientOptions);
    /** What the server said the number of its process is. */
    readonly processID: number | null;
    /** The socket, or TLS over it once the server has agreed to it. */
    readonly connection: { readonly stream: Duplex };
    connect(): Promise<unknown>;
    /** A list where the text has several statements. */
    query(query: Query): Promise<Result | Result[]>;
    end(): Promise<void>;
    on(event: 'notice', listener: (notice: Notice) => void): this;
    on(event: 'notification', listener: (notification: Notification) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'end', listener: () => void): this;
  }
}
