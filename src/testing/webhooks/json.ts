/**
 * JSON as the gate prints what it sends: compact, members in the order of their UTF-8 bytes at every level, nothing
 * escaped but quotes, backslashes and control characters. Members that are `undefined` are not there.
 */
export function sortedJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  if (value instanceof Digits) return value.text;
  const members = value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  const printed = members
    .filter(([, inner]) => inner !== undefined)
    .sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    .map(([name, inner]) => `${JSON.stringify(name)}:${sortedJson(inner)}`);
  return `{${printed.join(",")}}`;
}

/**
 * A number as the gate prints it after reading a text: an integer of 64 bits as it came, anything else as the double
 * that it is. The double's form was seen for `1.5` and `1e+21` only; that a whole double keeps its `.0`, and that
 * exponents begin at 1e16 and below 1e-5, is assumed from the gate's printer.
 */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = printed(text);
  }
}

function printed(text: string): string {
  if (/^-?\d+$/.test(text) && text !== "-0") {
    const whole = BigInt(text);
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return text;
  }
  const double = Number(text);
  const size = Math.abs(double);
  if (size !== 0 && (size >= 1e16 || size < 1e-5)) return double.toExponential();
  const plain = Object.is(double, -0) ? "-0" : String(double);
  return plain.includes(".") ? plain : `${plain}.0`;
}
