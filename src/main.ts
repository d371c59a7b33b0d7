#!/usr/bin/env node
import { type ExitCode, exitCodes, refusalJson } from './cli/exit-codes.ts';
import { descriptorProblem, runtimeProblem } from './cli/runtime.ts';
import { systemProblem } from './platform/system-problem.ts';

const refuse = (problem: string, code: ExitCode): void => {
  process.stderr.write(process.argv.includes('--json') ? refusalJson(code, problem) : `${problem}\n`);
  process.exitCode = code;
};

const problem = runtimeProblem(process.versions.node) ?? descriptorProblem();
if (problem === undefined) {
  // Not before: what it loads is compiled for the versions that are fit, and would end in a trace
  // instead of a sentence.
  try {
    const { runCommandLine } = await import('./cli/program.ts');
    process.exitCode = await runCommandLine(process.argv.slice(2));
  } catch (error) {
    const text = systemProblem(error);
    if (text === undefined) throw error;
    refuse(text, exitCodes.unavailable);
  }
} else refuse(problem, exitCodes.unavailable);
