import type { SubjectScene } from './scene.ts';

const servers = {
  list: 'ANY 1 (zuid-1, derde-1)',
  servers: ['zuid-1', 'derde-1'].map((name) => ({ name, role: 'standby', timeline: 1, lsn: '0/3000148' })),
};

/** One machine has no sites. */
export const site: SubjectScene = {
  files: { 'servers.json': JSON.stringify(servers) },
  code: { 'site alone --until 1d --reason "zuid burnt down, a new standby is being made"': 4 },
};
