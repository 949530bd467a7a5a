import { styleText } from "node:util";
import stringWidth from "fast-string-width";
import { wrapAnsi } from "fast-wrap-ansi";
import { isRiskLevel, type RiskLevel } from "../vocabulary/risk.ts";
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

const STYLES = {
  red: ["red"],
  green: ["green"],
  yellow: ["yellow"],
  dim: ["dim"],
  bold: ["bold"],
  alarm: ["bold", "red"],
} as const;
export type Style = keyof typeof STYLES;
export type Paint = (style: Style, text: string) => string;

/** Colours a text on a terminal that shows colours, and leaves it as it is elsewhere. */
export function painter({ colours = false }: Pick<Terminal, "colours">): Paint {
  return (style, text) => (colours ? styleText([...STYLES[style]], text, { validateStream: false }) : text);
}

const RISK_STYLES: Readonly<Record<RiskLevel, Style | undefined>> = {
  low: undefined,
  medium: "yellow",
  high: "red",
  critical: "alarm",
};

/** The style of a risk, by the gate's own four words; none for a low one and for a word that is not known. */
export function riskStyle(risk: string): Style | undefined {
  return isRiskLevel(risk) ? RISK_STYLES[risk] : undefined;
}

/** How wide a text may be where nobody knows how wide the terminal is. */
const USUAL_COLUMNS = 80;

export const columnsOf = ({ columns }: Pick<Terminal, "columns">): number => columns ?? USUAL_COLUMNS;

/** A label and what it says: what does not fit beside it goes on below, indented, and a long word on a line of its own. */
export function labelled(
  label: string,
  text: string,
  columns: number,
  paint = (piece: string) => piece,
): string[] {
  const beside = columns - stringWidth(label);
  const below = " ".repeat(stringWidth(label));
  if (text.split(" ").every((word) => stringWidth(word) <= beside))
    return wrap(text, beside).map((line, at) => `${at === 0 ? label : below}${paint(line)}`);
  const lines = wrap(text, columns - INDENT.length).map((line) => `${INDENT}${paint(line)}`);
  return label.trim() === "" ? lines : [label.trimEnd(), ...lines];
}

/** The same where the terminal's width is known; one line where it is not, since a program may read it. */
export const fitted = (label: string, text: string, { columns }: Pick<Terminal, "columns">): string[] =>
  columns === undefined ? [`${label}${text}`] : labelled(label, text, columns);

/** A sentence, indented where it goes on; one line where the terminal's width is not known. */
export const sentence = (text: string, { columns }: Pick<Terminal, "columns">): string[] =>
  columns === undefined
    ? [text]
    : wrap(text, columns - INDENT.length).map((line, at) => (at === 0 ? line : `${INDENT}${line}`));

const INDENT = "  ";

const wrap = (text: string, columns: number): string[] =>
  wrapAnsi(text, Math.max(1, columns), { hard: true, trim: true }).split("\n");

/** A cell in lines: names, domains and paths are broken where they have a joint. */
function wrapCell(text: string, columns: number): string[] {
  const lines = [""];
  for (const piece of text.split(/(?<=[\s._/:@-])/)) {
    const line = lines.at(-1) ?? "";
    if (stringWidth(line + piece.trimEnd()) <= columns) lines[lines.length - 1] = line + piece;
    else lines.push(...wrap(piece, columns));
  }
  return lines
    .filter((line, at) => at > 0 || line !== "" || lines.length === 1)
    .map((line) => line.trimEnd());
}

/** A column of a table. */
export interface Column {
  readonly heading: string;
  /** Never narrower than what is in it: an id, a risk, a time. */
  readonly whole?: boolean;
}

const GAP = 2;
const NARROWEST = 8;

/**
 * Rows of cells in columns, as wide as the terminal at most: the widest column gives way, and what does not fit into it goes on
 * below, under its heading. `paint` colours a piece of a cell after its width was measured.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: (piece: string, row: number, column: number) => string = (piece) => piece,
): string[] {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const widths = widthsWithin(
    columns,
    columns.map((_, column) => Math.max(...all.map((row) => stringWidth(row[column] ?? "")))),
    width,
  );
  return all.flatMap((cells, row) => {
    const pieces = cells.map((cell, column) => wrapCell(cell, widths[column] ?? NARROWEST));
    const height = Math.max(...pieces.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) =>
      pieces
        .map((piece, column) => {
          const text = piece[line] ?? "";
          return `${text === "" ? "" : paint(text, row, column)}${" ".repeat((widths[column] ?? 0) - stringWidth(text))}`;
        })
        .join(" ".repeat(GAP))
        .trimEnd(),
    );
  });
}

/** The widths that fit: of those that may, the widest gives way, one step at a time. */
function widthsWithin(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1));
  while (total() > width) {
    const yielding = widths.map((one, column) => (columns[column]?.whole ? 0 : one));
    const widest = Math.max(...yielding);
    if (widest <= NARROWEST) break;
    widths[yielding.indexOf(widest)] = widest - 1;
  }
  return widths;
}

/** How long from now until then, for a person: `4m 12s`; negative ones too. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const hours = Math.floor(seconds / 3_600);
  return hours < 48 ? `${hours}h ${Math.floor((seconds % 3_600) / 60)}m` : `${Math.floor(hours / 24)}d`;
}
