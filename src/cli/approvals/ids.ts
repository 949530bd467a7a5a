import type { LatchGateOperator } from "../../operator/operator.ts";
import { UsageError } from "../command.ts";
import { plain } from "../show.ts";

const WHOLE = 36;
const SHORTEST_SHOWN = 8;
const SHORTEST_TAKEN = 4;

/** How many characters of each of these ids tell it from the others, at least eight. */
export function shortLength(ids: readonly string[]): number {
  const different = new Set(ids);
  let length = SHORTEST_SHOWN;
  while (length < WHOLE && new Set([...different].map((id) => id.slice(0, length))).size < different.size)
    length += 1;
  return length;
}

/**
 * The approval that an id, or the beginning of one, means. The beginning is looked for among all that the gate lists, those
 * that have ended too: an id that was read off a list a while ago never means another approval than it did then.
 */
export async function wholeId(operator: LatchGateOperator, given: string): Promise<string> {
  if (given.length >= WHOLE) return given;
  const shown = JSON.stringify(plain(given));
  if (given.length < SHORTEST_TAKEN)
    throw new UsageError(`${shown} is too short for an id: give ${SHORTEST_TAKEN} characters of it or more`);
  const listed = await operator.approvals.list({ includeExpired: true });
  const meant = listed.filter(({ approval_id: id }) => id.startsWith(given.toLowerCase()));
  const [first, ...others] = meant;
  if (first === undefined)
    throw new UsageError(
      `no approval's id begins with ${shown}; \`latchgate-client approvals list --all\` shows those that there are`,
    );
  if (others.length === 0) return first.approval_id;
  const some = meant
    .slice(0, MOST_NAMED)
    .map(
      ({ approval_id: id, action_id: action, status }) =>
        `\n  ${plain(id)}  ${plain(status)}  ${plain(action)}`,
    );
  const more = meant.length > MOST_NAMED ? `\n  and ${meant.length - MOST_NAMED} more` : "";
  throw new UsageError(
    `${shown} is the beginning of ${meant.length} ids, give more of it:${some.join("")}${more}`,
  );
}

const MOST_NAMED = 5;
