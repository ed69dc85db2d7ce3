/** What runs beside the tracker in the main thread: the control API, a file of events, a service manager. */

export interface Attachment {
  /** Before the threads end: whoever asks them must stop asking. */
  leave(): Promise<void>;
  /** After they have ended: last words for standard error. */
  finish(): Promise<readonly string[]>;
  /** SIGHUP. Returns words for standard error. */
  reload(): Promise<readonly string[]>;
  /** Something that was asked for could not be done; known after `finish`. */
  isFailed?(): boolean;
}

const say = (lines: readonly string[]): void => {
  for (const line of lines) process.stderr.write(`flowshard: ${line}\n`);
};

/** All of them as one, in their order, and backwards at the end. What one of them cannot do keeps no other from it. */
export function together(attachments: readonly Attachment[]): Attachment {
  const backwards = [...attachments].reverse();
  return {
    async leave() {
      for (const attachment of backwards) await attachment.leave();
    },
    async finish() {
      const words: string[] = [];
      for (const attachment of backwards) words.push(...(await attachment.finish()));
      return words;
    },
    async reload() {
      for (const attachment of attachments) {
        try {
          say(await attachment.reload());
        } catch (error) {
          say([error instanceof Error ? error.message : String(error)]);
        }
      }
      return [];
    },
    isFailed: () => attachments.some((attachment) => attachment.isFailed?.() === true),
  };
}
