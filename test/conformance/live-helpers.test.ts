/** Dialogues of the helpers: verdicts, events, tables and expectations against the kernel that runs here. */
import { it } from 'node:test';
import { ftpDialogues } from '../conntrack/helpers/ftp-dialogues.ts';
import { compareDialogues } from './live/dialogues.ts';
import { kernelMissing } from './live/kernel.ts';

const skip = kernelMissing();

it('FTP', { skip }, (t) =>
  compareDialogues(t, ftpDialogues, 'ftp', [{ name: 'ftp', protocol: 'tcp', port: 21 }]),
);
