/**
 * Loaded with `--import` into a gateway that a test serves: it ends when the test's process does,
 * whatever ended that (a bound of the runner, a person, a crash). Its standard input is a pipe from
 * there; at its end nobody is left.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.stdin.on('error', () => undefined);
  process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'));
  process.stdin.resume();
  // A gateway that has stopped must end by itself.
  process.stdin.unref();
}
