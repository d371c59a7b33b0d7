export type { Here } from './row.ts';
