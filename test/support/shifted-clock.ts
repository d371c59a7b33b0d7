/**
 * Loaded with `--import` into a gateway. Its wall clock is `SLUIS_TEST_AHEAD` milliseconds ahead,
 * and a timer of a minute or longer waits a sixtieth of its time. So a test sees days pass, and the
 * sweep that is due in an hour.
 */
const ahead = Number(process.env.SLUIS_TEST_AHEAD ?? '0');
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;

const MINUTE = 60_000;
const later = globalThis.setTimeout;
const sooner = (run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): NodeJS.Timeout =>
  later(run, delay >= MINUTE ? delay / 60 : delay, ...args);
globalThis.setTimeout = Object.assign(sooner, { __promisify__: later.__promisify__ }) as typeof setTimeout;
