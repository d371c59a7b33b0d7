/** What the operator reads when a backup failed without anybody watching. */
import { type Letters, facts, text } from './letter.ts';

export interface FailedBackup {
  readonly step: 'backup' | 'offsite' | 'drill' | 'keys' | 'log';
  readonly why: string;
}

const STEPS = {
  nl: {
    backup: 'De back-up',
    offsite: 'De kopie van de back-up elders',
    drill: 'De hersteltest',
    keys: 'De kopie van de sleutels',
    log: 'Het bijhouden van het logboek van de database',
  },
  en: {
    backup: 'The backup',
    offsite: 'The copy of the backup elsewhere',
    drill: 'The restore drill',
    keys: 'The copy of the keys',
    log: 'Keeping the log of the database',
  },
} as const;

export const backupLetters = ({ step, why }: FailedBackup): Letters => ({
  nl: {
    subject: `${STEPS.nl[step]} is mislukt`,
    blocks: [
      text(
        `${STEPS.nl[step]} is mislukt. Het berichtenverkeer gaat gewoon door, en het wordt vanzelf opnieuw geprobeerd. ${step === 'drill' ? 'Tot dat lukt weet niemand of de back-up kan worden teruggezet' : 'Tot dat lukt is er geen nieuwe kopie als de schijf het begeeft'}.`,
      ),
      text(
        step === 'drill'
          ? 'Wat u moet doen: maak een nieuwe met "sluis backup take" en probeer het met "sluis drill restore". "sluis backup list" toont wat er is.'
          : 'Wat u moet doen: los de oorzaak op en maak er daarna een met "sluis backup take". "sluis backup list" toont wat er is.',
      ),
      facts('Oorzaak:', [['Melding', why]]),
    ],
  },
  en: {
    subject: `${STEPS.en[step]} has failed`,
    blocks: [
      text(
        `${STEPS.en[step]} has failed. Messages are handled as usual, and the gateway tries again by itself. Until that succeeds ${step === 'drill' ? 'nobody knows whether the backup can be restored' : 'there is no new copy if the disk is lost'}.`,
      ),
      text(
        step === 'drill'
          ? 'What to do: take another one with "sluis backup take" and try it with "sluis drill restore". "sluis backup list" shows what there is.'
          : 'What to do: remove the cause, then take one with "sluis backup take". "sluis backup list" shows what there is.',
      ),
      facts('Cause:', [['Message', why]]),
    ],
  },
});
