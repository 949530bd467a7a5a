/** A link among the files: to another place below the same root, or out of it. */
export interface FileLink {
  /** Where it leads: from the folder that it is in, or absolute. */
  readonly link: string;
}

/** What can be put at a path. */
export type FileContent = string | Uint8Array | FileLink;

/** What a path below a root leads to. */
export type Resolved =
  | { readonly state: "path"; readonly path: string }
  /** Out of the root: by a link or by "..". */
  | { readonly state: "escape" }
  /** Names that no file system takes, or links without an end. */
  | { readonly state: "impossible" };

const LONGEST_NAME = 255;
const MOST_LINKS = 40;

/** Files, folders and links by their absolute paths, in memory. A folder is there once a file was put into it, and stays. */
export function createFileTree(folders: readonly string[]) {
  const files = new Map<string, Buffer | FileLink>();
  const known = new Set(folders);

  function put(path: string, content: FileContent): void {
    const isLink = typeof content === "object" && "link" in content;
    files.set(path, isLink ? content : Buffer.from(content as string));
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      known.add(path.slice(0, at));
  }

  /**
   * Follows a path as a gate does that holds its root open: links that stay below the root are followed, absolute
   * ones never. That those are followed which stay inside was not recorded; those that leave were.
   */
  function resolve(root: string, path: string): Resolved {
    const left = path.split("/");
    const found: string[] = [];
    let links = 0;
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (found.pop() === undefined && root !== "") return { state: "escape" };
        continue;
      }
      if (Buffer.byteLength(name) > LONGEST_NAME) return { state: "impossible" };
      found.push(name);
      const entry = files.get([root, ...found].join("/"));
      if (entry === undefined || !isLink(entry)) continue;
      links += 1;
      if (links > MOST_LINKS) return { state: "impossible" };
      if (entry.link.startsWith("/")) {
        if (root !== "") return { state: "escape" };
        found.length = 0;
      } else found.pop();
      left.unshift(...entry.link.split("/"));
    }
    return { state: "path", path: [root, ...found].join("/") };
  }

  return {
    put,
    resolve,
    /** Where a path's last name is, which may be that of a link. */
    place(root: string, path: string): string {
      const names = path.split("/").filter((name) => name !== "" && name !== ".");
      const last = names.pop() ?? "";
      const folder = resolve(root, names.join("/"));
      return `${folder.state === "path" ? folder.path : root}/${last}`;
    },
    /** The content of the file at a path that has no links left. */
    content(path: string): Buffer | undefined {
      const entry = files.get(path);
      return entry === undefined || isLink(entry) ? undefined : entry;
    },
    isFolder: (path: string) => path === "" || known.has(path),
    remove: (path: string) => files.delete(path),
    list: () => [...files.keys()],
  };
}

function isLink(entry: Buffer | FileLink): entry is FileLink {
  return "link" in entry;
}
