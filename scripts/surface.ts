/**
 * Where this package speaks of each operation and each named schema: methods, exported names, mock routes, examples of the pages.
 * As a command it prints that as JSON; the build puts it beside the command `latchgate-client`, which has no sources.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import type { Surface, Touched } from "../src/diff/surface.ts";
import { agentOperations, operatorOperations } from "../src/generated/operations.ts";
import { pageExamples } from "./page-examples.ts";

/** A declaration, or a member of one: `createPolicy.grant`. */
interface Unit {
  readonly name: string;
  readonly file: string;
  /** The operations that it calls. */
  readonly calls: Set<string>;
  /** Whether it is a member of what a function gives. */
  given: boolean;
  readonly schemas: Set<string>;
  /** The units that it speaks of, as `file#name`. */
  readonly mentions: Set<string>;
}

/** Told by their methods. */
const CLIENTS = ["LatchGateClient", "LatchGateOperator"];
const APART = /^(generated|cli|documents|diff)\/|^cli\.ts$/;

export function readSurface(root: string): Surface {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !APART.test(file))
    .sort();
  const units = files.flatMap((file) => unitsOf(file, readFileSync(join(root, "src", file), "utf8")));
  const client = units.filter(({ file }) => !file.startsWith("testing/"));
  const speakers = speakersOf(client);
  const exported = exportedNames(root);
  const groups = groupsOf(readFileSync(join(root, "src/operator/operator.ts"), "utf8"));
  const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
    .filter((name) => name.endsWith(".md"))
    .sort();
  const examples = pageExamples(new Map(pages.map((name) => [name, readFileSync(join(root, name), "utf8")])));

  const touched = (start: readonly Unit[], id: string, path: string): Touched => {
    const reached = reach(speakers, start);
    const methods = unique(reached.flatMap((unit) => methodOf(unit, groups)));
    const direct = new Set(start.map(({ name }) => name.split(".")[0] ?? ""));
    const names = unique(
      reached
        .map(({ name }) => name)
        .filter(
          (name) => exported.has(name) && !CLIENTS.includes(name) && (direct.has(name) || isType(name)),
        ),
    );
    const mock = units
      .filter(({ file, name }) => file.startsWith("testing/") && name.endsWith(`Handlers.${id}`))
      .map(({ name, file }) => `${name} (src/${file})`);
    return { methods, names, mock, pages: examples({ id, path, methods }) };
  };
  const operations = Object.entries({ ...agentOperations, ...operatorOperations }).map(
    ([id, { path }]): [string, Touched] => [
      id,
      touched(
        client.filter(({ calls }) => calls.has(id)),
        id,
        path,
      ),
    ],
  );
  const schemas = unique(client.flatMap(({ schemas }) => [...schemas])).map((name): [string, Touched] => [
    name,
    touched(
      client.filter((unit) => unit.schemas.has(name)),
      "",
      "",
    ),
  ]);
  return { operations: Object.fromEntries(operations), schemas: Object.fromEntries(schemas) };
}

const unique = (names: readonly string[]) => [...new Set(names)].sort();
/** A type's name, or a class's. */
const isType = (name: string) => /^[A-Z]/.test(name);

/** The units of a file: its declarations, and what is in a class, an object or a function that gives one. */
function unitsOf(file: string, text: string): Unit[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const imported = importsOf(source, file);
  const units = new Map<string, Unit>();
  const unitOf = (name: string): Unit => {
    const unit = units.get(name) ?? {
      name,
      file,
      calls: new Set(),
      given: false,
      schemas: new Set(),
      mentions: new Set(),
    };
    units.set(name, unit);
    return unit;
  };
  const visit = (node: ts.Node, owner: string): void => {
    const own = nameOf(node);
    const [outer] = owner.split(".");
    const name = own === undefined ? owner : owner === "" ? own : `${outer}.${own}`;
    if (own !== undefined && owner !== "") {
      // What a function gives is asked for by its name, and what is private to a class by the rest of the class.
      if (ts.isObjectLiteralExpression(node.parent) && ts.isReturnStatement(node.parent.parent))
        unitOf(name).given = true;
      if (!ts.isClassLike(node.parent)) unitOf(outer ?? "").mentions.add(`${file}#${name}`);
    }
    const unit = name === "" ? undefined : unitOf(name);
    // `call("getPolicy", …)`; where it is only compared with something, nothing is called.
    if (ts.isStringLiteral(node) && ts.isCallExpression(node.parent) && node.parent.arguments[0] === node)
      unit?.calls.add(node.text);
    const schema = schemaOf(node);
    if (schema !== undefined) unit?.schemas.add(schema);
    const mention = (text: string) => unit?.mentions.add(`${imported.get(text) ?? file}#${text}`);
    if (ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node.parent)) {
      mention(node.text);
      mention(`${outer}.${node.text}`);
    }
    if (ts.isPropertyAccessExpression(node)) {
      const on = node.expression.getText(source);
      if (on === "this") mention(`${outer}.${node.name.text}`);
      // The parts of an agent's client are made in createAgent, wherever that is.
      else if (on === "this.#agent")
        unit?.mentions.add(`${imported.get("createAgent") ?? file}#createAgent.${node.name.text}`);
      else if (ts.isIdentifier(node.expression)) mention(node.expression.text);
    }
    ts.forEachChild(node, (child) => visit(child, name));
  };
  for (const statement of source.statements) if (!ts.isImportDeclaration(statement)) visit(statement, "");
  return [...units.values()];
}

/** The file under src/ that each imported name comes from. */
function importsOf(source: ts.SourceFile, file: string): Map<string, string> {
  const imports = new Map<string, string>();
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const from = posix.join(posix.dirname(file), statement.moduleSpecifier.text);
    const named = statement.importClause?.namedBindings;
    if (named !== undefined && ts.isNamedImports(named))
      for (const { name } of named.elements) imports.set(name.text, from);
  }
  return imports;
}

/** The name of what may be a unit of its own; not of what is deep within a function. */
function nameOf(node: ts.Node): string | undefined {
  const depth = depthOf(node);
  if (depth > 2) return undefined;
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node)
  )
    return node.name?.text;
  const named =
    ts.isVariableDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node);
  return named && (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name))
    ? node.name.text
    : undefined;
}

/** How many functions, classes and objects are around a node. */
function depthOf(node: ts.Node): number {
  let depth = 0;
  for (let at = node.parent; at !== undefined; at = at.parent)
    if (ts.isFunctionLike(at) || ts.isClassLike(at) || ts.isObjectLiteralExpression(at)) depth += 1;
  return depth;
}

/** `Lease` of `Schemas["Lease"]`. */
function schemaOf(node: ts.Node): string | undefined {
  if (!ts.isIndexedAccessTypeNode(node) || !ts.isLiteralTypeNode(node.indexType)) return undefined;
  const { literal } = node.indexType;
  const of = node.objectType.getText();
  const isSchemas = of === "Schemas" || of === 'components["schemas"]';
  return isSchemas && ts.isStringLiteral(literal) ? literal.text : undefined;
}

/** The units that speak of these, directly or by way of others. */
function reach(speakers: ReadonlyMap<string, readonly Unit[]>, start: readonly Unit[]): Unit[] {
  const reached = new Set(start);
  for (const { name, file } of reached) {
    // What speaks of a client speaks not of all that it does.
    if (CLIENTS.includes(name)) continue;
    for (const unit of speakers.get(`${file}#${name}`) ?? []) reached.add(unit);
  }
  return [...reached];
}

/** The units that speak of each unit. */
function speakersOf(units: readonly Unit[]): Map<string, Unit[]> {
  const speakers = new Map<string, Unit[]>();
  for (const unit of units)
    for (const mention of unit.mentions) {
      const list = speakers.get(mention);
      if (list === undefined) speakers.set(mention, [unit]);
      else list.push(unit);
    }
  return speakers;
}

/** The public method that a unit is: of a class, or of a group (`operator.approvals`) that a function makes. */
function methodOf({ name, given }: Unit, groups: ReadonlyMap<string, string>): string[] {
  const [outer = "", inner] = name.split(".");
  if (inner === undefined || inner.startsWith("#") || inner === "constructor") return [];
  if (CLIENTS.includes(outer)) return [name];
  const group = groups.get(outer);
  return group === undefined || !given ? [] : [`LatchGateOperator.${group}.${inner}`];
}

/** `createPolicy` → `policy`, as the operator's constructor puts them together. */
function groupsOf(text: string): Map<string, string> {
  const made = text.matchAll(/this\.(\w+) = Object\.freeze\((create\w+)\(/g);
  return new Map([...made].map(([, group = "", maker = ""]) => [maker, group]));
}

function exportedNames(root: string): Set<string> {
  const names = ["index.ts", "operator.ts"].flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(root, "src", file), "utf8"),
      ts.ScriptTarget.ES2022,
    );
    return source.statements.flatMap((statement) =>
      ts.isExportDeclaration(statement) &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause)
        ? statement.exportClause.elements.map(({ name }) => name.text)
        : [],
    );
  });
  return new Set(names);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(JSON.stringify(readSurface(resolve(import.meta.dirname, ".."))));
