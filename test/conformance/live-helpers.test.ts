/** Dialogues of the helpers: verdicts, events, tables and expectations against the kernel that runs here. */
import { it } from 'node:test';
import { amandaDialogues } from '../conntrack/helpers/amanda-dialogues.ts';
import { ftpDialogues } from '../conntrack/helpers/ftp-dialogues.ts';
import {
  callDialogues,
  controlDialogues,
  registrationDialogues,
} from '../conntrack/helpers/h323-dialogues.ts';
import { ircDialogues } from '../conntrack/helpers/irc-dialogues.ts';
import { pptpDialogues } from '../conntrack/helpers/pptp-dialogues.ts';
import { saneDialogues } from '../conntrack/helpers/sane-dialogues.ts';
import { sipDialogues } from '../conntrack/helpers/sip-dialogues.ts';
import { sipTcpDialogues } from '../conntrack/helpers/sip-tcp-dialogues.ts';
import { tftpDialogues } from '../conntrack/helpers/tftp-dialogues.ts';
import type { Dialogue } from '../support/dialogue.ts';
import { createRandom, IS_SOAK, seedOf } from '../support/random.ts';
import { compareDialogues, mutatedDialogues } from './live/dialogues.ts';
import { type KernelHelper, kernelMissing } from './live/kernel.ts';

const skip = kernelMissing();

/** The kernel is asked after every packet, which takes its time: all in a soak, else one dialogue of so many. */
const oneOf = (n: number, dialogues: readonly Dialogue[]): readonly Dialogue[] =>
  IS_SOAK ? dialogues : dialogues.filter((_, i) => i % n === 0);
/** Mutated messages, and the long dialogues of H.323; all of them go through the laboratory in every run. */
const SHARE = 3;

const LISTS: readonly (readonly [KernelHelper, readonly Dialogue[]])[] = [
  [{ name: 'ftp', protocol: 'tcp', port: 21 }, ftpDialogues],
  [{ name: 'irc', protocol: 'tcp', port: 6667 }, ircDialogues],
  [{ name: 'tftp', protocol: 'udp', port: 69 }, tftpDialogues],
  [{ name: 'pptp', protocol: 'tcp', port: 1723 }, pptpDialogues],
  [{ name: 'amanda', protocol: 'udp', port: 10_080 }, amandaDialogues],
  [{ name: 'sane', protocol: 'tcp', port: 6566 }, saneDialogues],
];

for (const [helper, dialogues] of LISTS) {
  it(`${helper.name}`, { skip }, (t) => compareDialogues(t, dialogues, helper.name, [helper]));
  it(`${helper.name}, mutated`, { skip }, (t) => {
    const random = createRandom(seedOf(t));
    return compareDialogues(t, mutatedDialogues(oneOf(SHARE, dialogues), random), helper.name, [helper]);
  });
}

/** Those of H.323 assign one another. */
const H323: readonly KernelHelper[] = [
  { name: 'RAS', protocol: 'udp', port: 1719 },
  { name: 'Q.931', protocol: 'tcp', port: 1720 },
];
const h323Dialogues = [...callDialogues, ...controlDialogues, ...registrationDialogues];
const H323_HELPERS = 'ras,q.931,h.245';

it('H.323', { skip }, (t) => compareDialogues(t, oneOf(SHARE, h323Dialogues), H323_HELPERS, H323));
it('H.323, mutated', { skip }, (t) => {
  const random = createRandom(seedOf(t));
  return compareDialogues(t, mutatedDialogues(oneOf(SHARE, h323Dialogues), random), H323_HELPERS, H323);
});

/** Each transport is a helper of its own to the kernel. */
for (const [protocol, dialogues] of [
  ['udp', sipDialogues],
  ['tcp', sipTcpDialogues],
] as const) {
  const kernel: readonly KernelHelper[] = [{ name: 'sip', protocol, port: 5060 }];
  const helpers = `sip:5060/${protocol}`;
  it(`SIP over ${protocol}`, { skip }, (t) => compareDialogues(t, dialogues, helpers, kernel));
  it(`SIP over ${protocol}, mutated`, { skip }, (t) => {
    const random = createRandom(seedOf(t));
    return compareDialogues(t, mutatedDialogues(oneOf(SHARE, dialogues), random), helpers, kernel);
  });
}
