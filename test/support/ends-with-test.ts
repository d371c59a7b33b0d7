/**
 * Loaded with `--import` into a gateway that a test serves: the gateway ends when the test's
 * process does, whatever ended that (a time limit, a person, a crash). Its standard input is a pipe
 * from the test. The end of that pipe means that nobody is left.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.stdin.on('error', () => undefined);
  process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'));
  process.stdin.resume();
  // A gateway that has stopped must end by itself, so the pipe must not keep it alive.
  process.stdin.unref();
}
