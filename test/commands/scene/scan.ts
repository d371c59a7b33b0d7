import type { SubjectScene } from './scene.ts';

export const scan: SubjectScene = {
  // Nobody has signed for it, and no configuration asks for two: test/cli/scan-exempt goes through
  // with it.
  code: {
    'scan exempt add huisarts --ends 14d --reason "ClamAV takes its laboratory files for malware"': 4,
  },
  before: {
    'scan exempt end': [
      ({ gateway }) => gateway.store.registry.changeScanExemption('huisarts', 0, { name: 'setup', reason: 'setup' }),
    ],
  },
};
