import type { SubjectScene, Step } from './scene.ts';

const begin: readonly Step[] = [{ run: 'backup take backups', keep: { backup: 'path' } }];
const replace = { 'backups/2026-11-26T020000Z': 'backup' };

export const backup: SubjectScene = { begin, replace };
const switched =
  'drill site --from noord --to zuid --there 2h --back 1h --person "J. Smit" --outage 3 --measured-by watch --lost 0 --not-tried "loss of a site without warning"';

/** There is no message in it to open; and one machine has no sites. */
export const drill: SubjectScene = {
  begin: [...begin, (scene) => void (scene.kept.door = `127.0.0.1:${scene.gateway.port('submission')} --seconds 1`)],
  replace: { ...replace, 'mail.example.nl:587 --seconds 900': 'door' },
  code: { 'drill restore backups/2026-11-26T020000Z --all': 9, [switched]: 4 },
};
