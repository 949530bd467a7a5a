import { optional } from "./optional.ts";

/** What the compiler says of a line of one of the files. */
export interface Diagnostic {
  readonly file: string;
  /** From 0. */
  readonly line: number;
  readonly message: string;
}

/**
 * What TypeScript says under `strict` of files that are only in memory (`/check.ts`). Only of those in `asked`: the others are
 * read as far as these need them.
 */
export async function diagnosticsOf(
  files: ReadonlyMap<string, string>,
  asked: readonly string[],
  purpose: string,
): Promise<Diagnostic[]> {
  const ts = await optional("typescript", purpose);
  const texts = new Map([...files, ["/lib.d.ts", LIBRARY]]);
  const options = {
    strict: true,
    noEmit: true,
    noLib: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  host.getSourceFile = (file, language) => {
    const text = texts.get(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, language);
  };
  host.fileExists = (file) => texts.has(file);
  host.readFile = (file) => texts.get(file);
  host.getCurrentDirectory = () => "/";
  const program = ts.createProgram([...texts.keys()], options, host);
  return asked.flatMap((file) => {
    const source = program.getSourceFile(file);
    if (source === undefined) return [];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => ({
        file,
        line: source.getLineAndCharacterOfPosition(start).line,
        message: ts.flattenDiagnosticMessageText(messageText, " ").replaceAll(/\s+/g, " "),
      }),
    );
  });
}

/** What the compiler's own library would say, as far as generated types need it. */
const LIBRARY = `
interface Array<T> { length: number; [n: number]: T }
interface Boolean {} interface CallableFunction {} interface Function {} interface IArguments {} interface NewableFunction {}
interface Number {} interface Object {} interface RegExp {} interface String {}
type Record<K extends string | number | symbol, T> = { [P in K]: T };
type NonNullable<T> = T & {};
type Exclude<T, U> = T extends U ? never : T;
type Pick<T, K extends keyof T> = { [P in K]: T[P] };
type Omit<T, K extends string | number | symbol> = Pick<T, Exclude<keyof T, K>>;
type Required<T> = { [P in keyof T]-?: T[P] };
`;
