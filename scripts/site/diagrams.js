// Draws a page's diagrams. The library that does it is loaded by pages that have one.
const diagrams = [...document.querySelectorAll("code.mermaid")];
if (diagrams.length > 0) {
  const library = document.createElement("script");
  library.src = `${document.documentElement.dataset.base ?? "."}/assets/mermaid.js`;
  library.addEventListener("load", () => {
    const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    globalThis.mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "default" });
    for (const [at, code] of diagrams.entries())
      globalThis.mermaid.render(`diagram-${at}`, code.textContent).then(({ svg }) => {
        const drawing = document.createElement("div");
        drawing.className = "diagram";
        drawing.innerHTML = svg;
        code.closest("pre").replaceWith(drawing);
      });
  });
  document.head.append(library);
}
