export type { Calls, Here } from './row.ts';
