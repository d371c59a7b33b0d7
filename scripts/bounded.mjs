// Ends a test file that is not done within its bound. Node 22 ends a file at --test-timeout and Node 24 only what is asynchronous inside it, so the runner's
// processes are watched from here. Where there is no /proc nothing is bound.
import { readFileSync } from 'node:fs';

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/**
 * `runner`: its process. `fileOf`: the test file that a process is at, given the words that it was started with; undefined where it is none of ours. `late` is told each file
 * whose process was ended.
 */
export function watchFiles({ runner, seconds, fileOf, late }) {
  const begun = new Map();
  const watch = setInterval(() => {
    const now = new Set(childrenOf(runner.pid));
    for (const pid of begun.keys()) if (!now.has(pid)) begun.delete(pid);
    for (const pid of now) look(pid);
  }, 500);

  function look(pid) {
    try {
      const file = fileOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
      if (file === undefined) return;
      if (begun.get(pid)?.file !== file) begun.set(pid, { file, since: performance.now() });
      if (performance.now() - begun.get(pid).since <= seconds * 1000) return;
      process.kill(pid, 'SIGKILL');
      late(file);
    } catch {
      // It has just ended by itself.
    }
  }

  return () => clearInterval(watch);
}
