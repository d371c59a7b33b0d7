/** `sluis report`: figures and findings for people outside. */
import { subject } from './core/subject.ts';
import { availability } from './report/availability.ts';
import { incident } from './report/incident.ts';
import { incidentPage } from './report/incident-rows.ts';
import { usageReport } from './report/usage.ts';
import { usagePageOf } from './report/usage-rows.ts';

export const reports = subject(
  'report',
  'figures and findings for others',
  { incident, usage: usageReport, availability },
  { parts: { incident: incidentPage, usage: usagePageOf } },
);
