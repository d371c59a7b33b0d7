/**
 * Controls of NEN 7510-2:2024 and ISO/IEC 27001:2022 Annex A, chapters 6 and 7: people and
 * buildings. Their subjects are in our own words, since the text belongs to the norm.
 */
import { type Control, organisation } from './controls.ts';

export const PEOPLE_AND_PLACES: readonly Control[] = [
  organisation('6.1', 'screening', 'screening'),
  organisation('6.2', 'arbeidsvoorwaarden', 'terms of employment'),
  organisation('6.3', 'bewustzijn en opleiding', 'awareness and training'),
  organisation('6.4', 'disciplinaire maatregelen', 'disciplinary process'),
  organisation('6.5', 'einde of wijziging van werk', 'end or change of employment'),
  organisation('6.6', 'geheimhouding', 'confidentiality'),
  organisation('6.7', 'werken op afstand', 'remote working'),
  organisation('6.8', 'melden van gebeurtenissen', 'reporting of events'),
  organisation('7.1', 'grenzen van gebouwen', 'physical perimeters'),
  organisation('7.2', 'toegang tot gebouwen', 'physical entry'),
  organisation('7.3', 'kantoren en ruimten', 'offices and rooms'),
  organisation('7.4', 'toezicht op gebouwen', 'physical monitoring'),
  organisation('7.5', 'dreigingen van buiten', 'environmental threats'),
  organisation('7.6', 'werken in beveiligde ruimten', 'working in secure areas'),
  organisation('7.7', 'leeg bureau en leeg scherm', 'clear desk and screen'),
  organisation('7.8', 'plaats van apparatuur', 'siting of equipment'),
  organisation('7.9', 'middelen buiten het gebouw', 'assets off-premises'),
  organisation('7.10', 'opslagmedia', 'storage media'),
  organisation('7.11', 'stroom en koeling', 'supporting utilities'),
  organisation('7.12', 'bekabeling', 'cabling'),
  organisation('7.13', 'onderhoud van apparatuur', 'maintenance of equipment'),
  organisation('7.14', 'afvoer van apparatuur', 'disposal of equipment'),
];
