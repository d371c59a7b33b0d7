/**
 * openpgp's declarations name the streams of a package that it ships inside itself; in Node they
 * are the platform's.
 */
declare module '@openpgp/web-stream-tools' {
  import type { ReadableStream } from 'node:stream/web';
  export type WebStream<T> = ReadableStream<T>;
  export type NodeWebStream<T> = ReadableStream<T>;
}
