// Prints how long each step of .ci/run took, and which test files took longest in it: what a new suite has left of the quarter of an hour.
//
//   node .ci/table.mjs FILE
//
// FILE has a line for each test file ("file", seconds, name) before that of its step ("step", seconds, what `times` of the shell says of all
// children so far, name), with tabs between.
import { readFileSync } from 'node:fs';

const SLOWEST = 10;
/** `2m3.50s 0m1.20s`, user and system -> 124.7. */
const processor = (times) =>
  [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * minutes + Number(seconds),
    0,
  );
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`;

const rows = [];
let files = [];
let [before, total] = [0, 0];
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  const [kind, seconds, ...rest] = line.split('\t');
  if (kind === 'file') files.push({ seconds: Number(seconds), name: rest[0] });
  if (kind !== 'step') continue;
  const [times, name] = rest;
  const all = processor(times);
  rows.push([clock(Number(seconds)), clock(all - before), name]);
  total += Number(seconds);
  for (const file of files.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST))
    rows.push(['', '', `  ${file.seconds.toFixed(1).padStart(6)} s  ${file.name}`]);
  before = all;
  files = [];
}
rows.push([clock(total), clock(before), 'all of it']);
console.log('  clock  processor  step, and the test files that took longest');
for (const [time, cpu, name] of rows) console.log(`${time.padStart(7)}  ${cpu.padStart(9)}  ${name}`);
