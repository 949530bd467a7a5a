/**
 * What two worlds call the same thing: an id, a key, a hash, a time of the recording, and the mock's. The same on one side
 * has to be the same on the other.
 */
export function createNames() {
  const ours = new Map<string, string>();
  const theirs = new Map<string, string>();

  return {
    /** Says that two names are of one thing; a complaint if one of them is another thing's already. */
    bind(recorded: string, mock: string): string | undefined {
      const known = ours.get(recorded) ?? mock;
      const back = theirs.get(mock) ?? recorded;
      ours.set(recorded, known);
      theirs.set(mock, back);
      if (known !== mock) return `${recorded} was ${known} before and is ${mock} here`;
      return back === recorded ? undefined : `${mock} stands for ${back} and for ${recorded}`;
    },
    /** The same without the way back: two times may be told apart there and be one here. */
    bindOneWay(recorded: string, mock: string): string | undefined {
      const known = ours.get(recorded) ?? mock;
      ours.set(recorded, known);
      return known === mock ? undefined : `${recorded} was ${known} before and is ${mock} here`;
    },
    /** A text of the recording with every name in it replaced. */
    translate(text: string): string {
      const whole = ours.get(text);
      if (whole !== undefined) return whole;
      return text.replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, (uuid) => ours.get(uuid) ?? uuid);
    },
    of: (recorded: string) => ours.get(recorded),
    /** Whether the mock's name is of something that the recording has a name for. */
    isKnown: (mock: string) => theirs.has(mock),
  };
}

export type Names = ReturnType<typeof createNames>;
