/** The examples of pages, by their names, and which of them use something. */
export function pageExamples(
  pages: ReadonlyMap<string, string>,
): (use: { id: string; path: string; methods: readonly string[] }) => string[] {
  const examples = [...pages].flatMap(([name, markdown]) =>
    [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => {
      const before = markdown.slice(0, match.index);
      const heading = [...before.matchAll(/^##? (.*)$/gm)].at(-1)?.[1] ?? "";
      return { text: match[1] ?? "", place: `${name}:${before.split("\n").length} (${heading})` };
    }),
  );
  return ({ id, path, methods }) => {
    const calls = methods.map((method) => `.${method.split(".").slice(1).join(".")}(`);
    return examples
      .filter(
        ({ text }) =>
          calls.some((call) => text.includes(call)) ||
          (id !== "" && text.includes(`"${id}"`)) ||
          (path !== "" && text.includes(`"${path}"`)),
      )
      .map(({ place }) => place);
  };
}
