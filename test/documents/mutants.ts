/**
 * Recorded bodies that were changed in ways that no gate makes, and in ways that must harm nobody. What the contract says of them
 * is told by each caller a second time and not read from the document that is judged.
 */
import { isObject, type Json, type JsonObject } from "../../src/documents/document.ts";
import type { Asked, Judge } from "./judge.ts";
import { type Exchange, isAnswer } from "./recordings.ts";

/**
 * Some places in bodies: by their key ("operation status pointer", with `*` for array indices; a request's status is "request"), by a
 * pattern of it, or by patterns of the key and of the tag, the words that say which of several shapes the object around it has.
 */
export type Places = readonly (string | RegExp | { readonly key: RegExp; readonly tag: RegExp })[];

/** A form of strings, told by what they look like in the recordings, and how each can be broken. */
export interface Form {
  readonly name: string;
  readonly looks: RegExp;
  /** The only places where a string that looks so has this form; everywhere, if left out. */
  readonly where?: RegExp;
  readonly broken: (word: string) => readonly string[];
}

/** What the contract says of the bodies of exchanges. */
export interface ExchangeFacts extends Facts {
  /** Whose answers and accepted requests are taken. */
  readonly answersOf: (exchange: Exchange, asked: Asked) => boolean;
  readonly requestsOf: (exchange: Exchange, asked: Asked) => boolean;
}

/** What the contract says of bodies. */
export interface Facts {
  /** Members whose being there is part of an object's shape. */
  readonly shaping: readonly string[];
  /** Free JSON: whatever is in it is left alone. */
  readonly free: Places;
  /** Any JSON at all: its type may change too. */
  readonly any: Places;
  /** There in every recorded body of its shape, and optional all the same. */
  readonly optional: Places;
  /** The types that a place may have beside the one that is recorded. */
  readonly mayAlsoBe: readonly { readonly at: Places; readonly types: readonly string[] }[];
  readonly mayBeNegative: Places;
  /** Words of a closed list. */
  readonly closed: Places;
  /** Words of an open list: others must be let in. */
  readonly open: Places;
  /** Objects without other members. */
  readonly closedObjects: Places;
  readonly forms: readonly Form[];
  /** Strings that look like a form and have none. */
  readonly formless: Places;
  /** Values that are out of the range of their place. */
  readonly outOfRange: readonly { readonly at: Places; readonly values: readonly Json[] }[];
}

/** A recorded body, and who judges it. */
export interface Body {
  /** "operation status", or "operation request"; of what a gate sends by itself, "format kind". */
  readonly of: string;
  readonly json: Json;
  readonly complaints: (json: Json) => string[];
}

interface Place {
  readonly key: string;
  readonly steps: readonly (string | number)[];
  readonly value: Json;
  /** What the nearest object around it (or itself) says of its shape. */
  readonly tag: string;
}

interface Mutant {
  readonly kind: string;
  readonly json: Json;
  readonly body: Body;
}

/** The forms that both documents have (agent.md 2.1, 5, 9; operator.md 0.5, 0.6). */
export const FORMS = [
  {
    name: "uuid",
    looks: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    broken: (id) => [id.slice(1), `${id.slice(0, 14)}4${id.slice(15)}`, id.toUpperCase()],
  },
  {
    name: "digest",
    looks: /^sha256:[0-9a-f]{64}$/,
    broken: (hash) => [hash.slice(7), hash.slice(0, -1), hash.replace("sha256", "md5")],
  },
  {
    name: "hex",
    looks: /^([0-9a-f]{16}|[0-9a-f]{64}|[0-9a-f]{128})$/,
    broken: (hex) => [hex.slice(1), `${hex.slice(1)}g`, `sha256:${hex}`],
  },
  {
    name: "time",
    looks: /^\d{4}-\d{2}-\d{2}T.*Z$/,
    broken: (time) => [
      time.replace("Z", "+00:00"),
      time.replace("T", " "),
      time.replace(/-\d{2}-/, "-13-"),
      time.replace("Z", "5Z"),
    ],
  },
  {
    name: "jws",
    looks: /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/,
    broken: (jws) => [jws.slice(0, jws.lastIndexOf(".")), `${jws}=`, jws.replace(".", "")],
  },
  { name: "coordinate", looks: /^[\w-]{43}$/, broken: (x) => [x.slice(1), `${x}=`, `${x.slice(1)}+`] },
  { name: "action id", looks: /^[\w-]+$/, where: /\/action_id$/, broken: () => ["a/b", ""] },
  { name: "module", looks: /^builtin:/, broken: (module) => [module.slice(8), "builtin:", "sha256:12"] },
] satisfies readonly Form[];

/** The mutants of the bodies of recorded exchanges. */
export const createMutants = (judge: Judge, exchanges: readonly Exchange[], facts: ExchangeFacts) =>
  mutantsOf(recordedBodies(judge, exchanges, facts), facts);

/** The mutants of recorded bodies. */
export function mutantsOf(recorded: readonly Body[], facts: Facts) {
  const bodies = distinct(recorded, facts);
  const always = membersThatAreAlwaysThere(bodies, facts);
  const isRequired = ({ key, tag }: Place, name: string) =>
    (always.get(`${key} ${tag}`)?.has(name) ?? false) &&
    !isAmong(facts.optional, { key: `${key}/${name}`, tag });

  function dropped(body: Body, place: Place, which: (name: string) => boolean): Mutant[] {
    const { key, tag, value } = place;
    if (!isObject(value)) return [];
    return Object.keys(value)
      .filter((name) => which(name) && !isAmong(facts.free, { key: `${key}/${name}`, tag }))
      .map((name) => {
        const { [name]: _, ...rest } = value;
        return changed(body, place, `drop ${name}`, rest, `${key} ${tag}`.trimEnd());
      });
  }

  function toRefuse(body: Body): Mutant[] {
    return places(body, facts).flatMap((place) => {
      const { value } = place;
      const change = (what: string) => (value: Json) => changed(body, place, what, value);
      return [
        ...dropped(body, place, (name) => isRequired(place, name)),
        ...(isAmong(facts.any, place) ? [] : otherTypes(place, facts).map(change("other type"))),
        ...(isAmong(facts.closed, place)
          ? [typeof value === "number" ? 3 : "no_such_word"].map(change("foreign value"))
          : []),
        ...brokenForms(place, facts).flatMap(({ name, words }) => words.map(change(`broken ${name}`))),
        // Above 2^53 a half more is the same number.
        ...(typeof value === "number" && !Number.isInteger(value + 0.5)
          ? [change("fraction")(value + 0.5)]
          : []),
        ...(typeof value === "number" && !isAmong(facts.mayBeNegative, place)
          ? [change("negative")(-1)]
          : []),
        ...facts.outOfRange
          .filter(({ at }) => isAmong(at, place))
          .flatMap(({ values }) => values.map(change("out of range"))),
        ...(typeof body.json === "string" ? [change("foreign text")("<html>")] : []),
      ];
    });
  }

  function toAccept(body: Body): Mutant[] {
    return places(body, facts).flatMap((place) => {
      const { value } = place;
      return [
        ...dropped(body, place, (name) => !isRequired(place, name)),
        ...(isObject(value) && !isAmong(facts.closedObjects, place)
          ? [changed(body, place, "unknown member", { ...value, unknown_member: { a: [1] } })]
          : []),
        ...(isAmong(facts.open, place) && typeof value === "string"
          ? [changed(body, place, "unknown word", "no_such_word")]
          : []),
      ];
    });
  }

  const isAccepted = ({ json, body }: Mutant) => body.complaints(json).length === 0;

  return {
    bodies,

    /** Prints how many kinds of changes that no gate makes are refused, and gives those that are not. */
    survivors(what: string): { kinds: number; survivors: string[] } {
      const mutants = bodies.flatMap(toRefuse);
      const kinds = new Set(mutants.map(({ kind }) => kind));
      const survivors = new Set(mutants.filter(isAccepted).map(({ kind }) => kind));
      console.log(`${what}: ${kinds.size - survivors.size} of ${kinds.size} kinds`);
      return { kinds: kinds.size, survivors: [...survivors].sort() };
    },

    /** Prints how many kinds of harmless changes are accepted, and gives the complaints about the others. */
    refused(what: string): string[] {
      const mutants = bodies.flatMap(toAccept);
      const kinds = new Set(mutants.map(({ kind }) => kind));
      const refused = mutants.flatMap(({ kind, json, body }) =>
        body.complaints(json).map((complaint) => ({ kind, complaint })),
      );
      const refusedKinds = new Set(refused.map(({ kind }) => kind));
      console.log(`${what}: ${kinds.size - refusedKinds.size} of ${kinds.size} kinds`);
      return [...new Set(refused.map(({ kind, complaint }) => `${kind}: ${complaint}`))];
    },

    /** Requests with an unknown member in an object that has none. */
    withUnknownMember(): { all: number; accepted: Mutant[] } {
      const mutants = bodies.flatMap((body) =>
        places(body, facts).flatMap((place) =>
          isObject(place.value) && isAmong(facts.closedObjects, place)
            ? [changed(body, place, "unknown member", { ...place.value, unknown_member: 1 })]
            : [],
        ),
      );
      return { all: mutants.length, accepted: mutants.filter(isAccepted) };
    },

    /** A recorded body with other members; `of` as in `Body`. */
    like(of: string, changes: JsonObject, fits: (json: JsonObject) => boolean = () => true) {
      const found = bodies.find((body) => body.of === of && isObject(body.json) && fits(body.json));
      const json: JsonObject = { ...(isObject(found?.json) ? found.json : {}), ...changes };
      return { of, json };
    },
  };
}

/** Which of these bodies, that no recording shows and the contract describes, the document refuses. */
export function refusedOf(judge: Judge, described: readonly { of: string; json: Json }[]): { of: string }[] {
  return described.filter(({ of, json }) => {
    const [id, status] = of.split(" ");
    const operation = judge.operations.find((operation) => operation.id === id);
    if (operation === undefined) return true;
    const asked = { operation, parameters: {} };
    return status === "request"
      ? judge.requestBody(asked, json).length > 0
      : judge.answerBody(asked, Number(status), "application/json", json).length > 0;
  });
}

function recordedBodies(judge: Judge, exchanges: readonly Exchange[], facts: ExchangeFacts): Body[] {
  return exchanges.flatMap((exchange): Body[] => {
    const { request, response } = exchange;
    const asked = judge.asked(request.method, request.path);
    if (asked === undefined || !isAnswer(response)) return [];
    const { id } = asked.operation;
    const { status } = response;
    const mediaType = response.headers["content-type"]?.split(";")[0];
    const bodies: Body[] = [];
    if (mediaType !== undefined && facts.answersOf(exchange, asked))
      bodies.push({
        of: `${id} ${status}`,
        json: response.json ?? response.text ?? "",
        complaints: (json) => judge.answerBody(asked, status, mediaType, json),
      });
    if (status === 200 && isWhole(request.body) && facts.requestsOf(exchange, asked))
      bodies.push({
        of: `${id} request`,
        json: JSON.parse(request.body) as Json,
        complaints: (json) => judge.request(asked, json),
      });
    return bodies;
  });
}

/** Whether there is a body, and it was recorded: of a long one only the size is. */
const isWhole = (body: string | undefined): body is string =>
  body !== undefined && !/^<\d+ bytes>$/.test(body);

/** Each different body, and each part of a long one, once. */
function distinct(recorded: readonly Body[], facts: Facts): Body[] {
  const seen = new Set<string>();
  return recorded
    .flatMap((body) => inParts(body.json, facts).map((json) => ({ ...body, json })))
    .filter(({ of, json, complaints }) => {
      const text = `${of} ${JSON.stringify(json)}`;
      if (seen.has(text)) return false;
      seen.add(text);
      // A few accepted requests are refused on purpose (the conformance tests): they are no ground for mutants.
      return complaints(json).length === 0;
    });
}

/** Of an object with a long list: the object with one item at a time, at most three of each shape. */
function inParts(json: Json, facts: Facts): Json[] {
  const [name, items] = (isObject(json) ? Object.entries(json) : []).find(
    ([, member]) => Array.isArray(member) && member.length > 3 && member.every((item) => isObject(item)),
  ) ?? ["", []];
  if (!isObject(json) || !Array.isArray(items) || items.length === 0) return [json];
  const shapes = new Map<string | undefined, Json[]>();
  for (const item of items) {
    const shape = tagOf(item, facts);
    shapes.set(shape, [...(shapes.get(shape) ?? []), item].slice(0, 3));
  }
  return [...shapes.values()].flat().map((item) => ({ ...json, [name]: [item] }));
}

/** Every place in a body but free JSON, the body itself first. */
function places(body: Body, facts: Facts): Place[] {
  const found: Place[] = [];
  const visit = (value: Json, steps: (string | number)[], key: string, around: string) => {
    const tag = tagOf(value, facts) ?? around;
    if (isAmong(facts.free, { key, tag })) return;
    found.push({ key, steps, value, tag });
    if (Array.isArray(value))
      for (const [at, item] of value.entries()) visit(item, [...steps, at], `${key}/*`, tag);
    if (isObject(value))
      for (const [name, member] of Object.entries(value))
        visit(member, [...steps, name], `${key}/${name}`, tag);
  };
  visit(body.json, [], `${body.of} `, "");
  return found;
}

/** The words of an object that say which shape it has; undefined where it has none. */
function tagOf(value: Json, { shaping }: Facts): string | undefined {
  if (!isObject(value)) return undefined;
  const words = ["event_type", "decision", "status", "kind", "error", "source"].map((name) => value[name]);
  const tag = [
    ...words.filter((word) => typeof word === "string"),
    ...shaping.filter((name) => value[name] !== undefined),
  ];
  return tag.length === 0 ? undefined : tag.join(" ");
}

/** Per shape of an object: the members that each recorded one has. */
function membersThatAreAlwaysThere(bodies: readonly Body[], facts: Facts): Map<string, Set<string>> {
  const members = new Map<string, Set<string>>();
  for (const { key, tag, value } of bodies.flatMap((body) => places(body, facts))) {
    if (!isObject(value)) continue;
    const shape = `${key} ${tag}`;
    const others = members.get(shape);
    members.set(
      shape,
      new Set(Object.keys(value).filter((name) => others === undefined || others.has(name))),
    );
  }
  return members;
}

function changed(body: Body, { steps, key }: Place, what: string, value: Json, at: string = key): Mutant {
  const replace = (json: Json, [step, ...rest]: readonly (string | number)[]): Json => {
    if (step === undefined) return value;
    if (Array.isArray(json)) return json.map((item, index) => (index === step ? replace(item, rest) : item));
    return isObject(json) ? { ...json, [step]: replace(json[step] ?? null, rest) } : json;
  };
  return { kind: `${at}: ${what}`, json: replace(body.json, steps), body };
}

function otherTypes(place: Place, facts: Facts): Json[] {
  const also = facts.mayAlsoBe.filter(({ at }) => isAmong(at, place)).flatMap(({ types }) => types);
  const types = [nameOfType(place.value), ...also];
  return [7, "seven", true, [], {}, null].filter((other) => !types.includes(nameOfType(other)));
}

function brokenForms(place: Place, { forms, formless }: Facts): { name: string; words: readonly string[] }[] {
  const { key, value } = place;
  if (typeof value !== "string" || isAmong(formless, place)) return [];
  return forms
    .filter(({ looks, where }) => looks.test(value) && (where === undefined || where.test(key)))
    .map(({ name, broken }) => ({ name, words: broken(value) }));
}

function nameOfType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function isAmong(list: Places, { key, tag }: Pick<Place, "key" | "tag">): boolean {
  return list.some((entry) => {
    if (typeof entry === "string") return entry === key;
    return entry instanceof RegExp ? entry.test(key) : entry.key.test(key) && entry.tag.test(tag);
  });
}
