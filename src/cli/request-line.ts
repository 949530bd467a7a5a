import type { RequestReport } from "../testing/index.ts";

/** One line about a request: never a query, a header or a body, and no path that looks like a secret. */
export function requestLine(report: RequestReport, at: Date, secrets: readonly string[]): string {
  const { face, method, path, status, code, ms } = report;
  const time = at.toISOString().slice(11, 23);
  const answer = status === undefined ? "no answer" : code === undefined ? `${status}` : `${status} ${code}`;
  return `${time} ${face.padEnd(6)} ${printable(method)} ${redacted(path, secrets)} ${printable(answer)} ${Math.round(ms)}ms`;
}

const LONGEST_SEGMENT = 72;

function redacted(path: string, secrets: readonly string[]): string {
  const segments = path.split("/").map((segment) => {
    const secret = secrets.some((word) => segment.includes(word)) || /eyJ[\w-]{10}/.test(segment);
    return secret || segment.length > LONGEST_SEGMENT ? "[redacted]" : printable(segment);
  });
  return segments.join("/");
}

/** What a terminal would take for a command is no part of a line. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
