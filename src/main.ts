#!/usr/bin/env node
import { exitCodes } from './cli/exit.ts';
import { runtimeProblem } from './cli/runtime.ts';

const problem = runtimeProblem(process.versions.node);
if (problem === undefined) {
  // Not before: what it loads is compiled for the versions that are fit, and would end in a trace instead of a sentence.
  const { runCommandLine } = await import('./cli/program.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = exitCodes.unavailable;
}
