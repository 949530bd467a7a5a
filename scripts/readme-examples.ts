/** The examples of a README, and which of them use something. */
export function readmeExamples(
  readme: string,
): (use: { id: string; path: string; methods: readonly string[] }) => string[] {
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => {
    const before = readme.slice(0, match.index);
    const heading = /^## (.*)$/m.exec(before.slice(before.lastIndexOf("\n## ") + 1))?.[1] ?? "";
    return { text: match[1] ?? "", place: `README.md:${before.split("\n").length} (${heading})` };
  });
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
