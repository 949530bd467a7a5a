import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { isObject, type Json } from "../../../src/documents/document.ts";
import type { Effect } from "./changes.ts";
import type { MadePair, Schema } from "./pairs.ts";

/** What validating values says of a pair: the effect that these show. */
export function effectSeen({ before, after, values }: MadePair, random: () => number): Effect {
  const [old, now] = [validator(before), validator(after)];
  const tried = [...values, ...Array.from({ length: 40 }, () => mutated(values, random))];
  const verdicts = tried.map((value) => [old(value), now(value)] as const);
  const lost = verdicts.some(([was, is]) => was && !is);
  const won = verdicts.some(([was, is]) => !was && is);
  return lost ? (won ? "other" : "fewer") : won ? "more" : "same";
}

// Checking the schemas themselves would take most of the time.
const ajv = new Ajv2020({ strict: false, validateSchema: false, addUsedSchema: false });
formats.default(ajv);

function validator({ schema, named }: Schema): (value: Json) => boolean {
  const check = ajv.compile({ ...schema, components: { schemas: named } });
  return (value) => check(value) === true;
}

/** One of the values with something else somewhere in it. */
function mutated(values: readonly Json[], random: () => number): Json {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const change = (value: Json): Json => {
    if (random() < 0.2) return one([null, true, 0, 7, -2.5, "", "a", "zz", "x-9", [], {}, one(values)]);
    if (Array.isArray(value)) {
      const items = value.map((item) => (random() < 0.5 ? change(item) : item));
      return random() < 0.3 ? [...items, one([1, "a", null])] : items;
    }
    if (!isObject(value)) return value;
    const members = Object.entries(value)
      .filter(() => random() > 0.1)
      .map(([name, item]): [string, Json] => [name, random() < 0.5 ? change(item) : item]);
    const more: [string, Json][] =
      random() < 0.2 ? [[one(["a", "b", "c", "id", "v", "x-a1"]), one([1, "x", null])]] : [];
    return Object.fromEntries([...members, ...more]);
  };
  return change(one(values));
}
