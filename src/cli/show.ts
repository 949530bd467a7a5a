import type { Terminal } from "./command.ts";

/**
 * Text of others as a terminal may show it: what an agent, an action or a gate has said can hold control characters that
 * would move the cursor, and direction marks that would turn the line around.
 */
export function plain(text: unknown): string {
  return String(text).replace(
    UNSHOWN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const UNSHOWN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof CODES;

/** Colours a text on a terminal that shows colours, and leaves it as it is elsewhere. */
export function painter({
  colours = false,
}: Pick<Terminal, "colours">): (colour: Colour, text: string) => string {
  return (colour, text) => (colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
}

/** Rows of cells in columns; the first row is the heading. `paint` colours a cell after its width was measured. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((cells, row) =>
    cells
      .map((cell, column) => {
        const padding = column === cells.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - cell.length);
        return `${paint(cell, row, column)}${padding}`;
      })
      .join("  "),
  );
}

/** How long from now until then, for a person: `4m 12s`; negative ones too. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const hours = Math.floor(seconds / 3_600);
  return hours < 48 ? `${hours}h ${Math.floor((seconds % 3_600) / 60)}m` : `${Math.floor(hours / 24)}d`;
}
