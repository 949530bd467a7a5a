import { sha256 } from "../formats/canonical.ts";
import { pathMatches, type RunContext } from "../stores/actions.ts";
import { createFileTree, type FileContent } from "./file-tree.ts";

/** Files by absolute path, in memory: what the built-in `fs_*` actions read and write. */
export interface Workspace {
  /** The gate-wide root, used by sessions that have none of their own. */
  readonly root: string;
  /** The content of a file, also by way of links; relative to the root, or absolute. */
  read(path: string): string | undefined;
  /** Puts a file or a link there, in the place of what was. */
  write(path: string, content: FileContent): void;
  /** Removes a file or a link. */
  delete(path: string): boolean;
  /** All paths of files and links, absolute. */
  list(): string[];
}

/** Parameters of `fs_read`, `fs_write` and `fs_delete`, as their schemas say. */
export interface FileParams {
  readonly operation: "read" | "write" | "delete";
  readonly path: string;
  readonly content_base64?: string;
  readonly mode?: "create" | "overwrite";
  readonly expected_before_hash?: string;
}

/** Directories that exist on every host and are nobody's root. Those of `/`, `/etc`, `/home`, `/root` and `/tmp` were recorded. */
const SYSTEM_DIRECTORIES = [
  ...["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/sbin", "/sys", "/tmp"],
  ...["/usr", "/var"],
];

/** With all of its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What the fs provider's fuel goes on, per byte that is written. A write of 22,000 bytes ends well, one of 24,000 has written its file when the fuel is gone, one of 40,000 has not (measured.md). */
const FUEL = { beforeWrite: 30, afterWrite: 13.5 };

/** What a lease may have for a root, and why not, in the gate's words. */
export type RootVerdict =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly status: 400 | 403; readonly message: string };

export function createWorkspace(options: {
  root: string;
  files: Readonly<Record<string, FileContent>>;
  directories: readonly string[];
  allowedPrefixes: readonly string[];
}) {
  const tree = createFileTree([...options.directories, options.root]);
  const absolute = (path: string) => (path.startsWith("/") ? path : `${options.root}/${path}`);
  for (const [path, content] of Object.entries(options.files)) tree.put(absolute(path), content);

  function contentOf(path: string): Buffer | undefined {
    const resolved = tree.resolve("", absolute(path));
    return resolved.state === "path" ? tree.content(resolved.path) : undefined;
  }

  const workspace: Workspace = {
    root: options.root,
    read: (path) => contentOf(path)?.toString(),
    write: (path, content) => tree.put(absolute(path), content),
    delete: (path) => tree.remove(absolute(path)),
    list: tree.list,
  };

  function checkRoot(path: string): RootVerdict {
    const refuse = (status: 400 | 403, message: string): RootVerdict => ({ ok: false, status, message });
    const inaccessible = (reason: string) => refuse(400, `does not exist or not accessible: ${reason}`);
    if (path === "") return refuse(400, "must not be empty");
    if (!path.startsWith("/")) return refuse(400, `must be absolute, got: ${path}`);
    if (path.includes("\0")) return inaccessible("file name contained an unexpected NUL byte");
    const resolved = tree.resolve("", path);
    if (resolved.state !== "path") return inaccessible("File name too long (os error 36)");
    const found = resolved.path === "" ? "/" : resolved.path;
    const system = SYSTEM_DIRECTORIES.includes(found);
    if (tree.content(found) !== undefined) return refuse(400, `not a directory: ${path}`);
    if (!(system || tree.isFolder(found) || found.startsWith("/usr/")))
      return inaccessible("No such file or directory (os error 2)");
    if (system) return refuse(403, `system directory: ${found}`);
    const inside = options.allowedPrefixes.some(
      (prefix) => found === prefix || found.startsWith(`${prefix}/`),
    );
    return inside ? { ok: true, path: found } : refuse(403, `outside allowed prefixes: ${found}`);
  }

  /**
   * Does what a file action asks for, within the globs of its call. The order in which the provider looks at a path is
   * assumed where a path is wrong in two ways; the words for a file that exists were not recorded.
   */
  function act(params: FileParams, context: RunContext): unknown {
    const { path } = params;
    const refuse = (code: string, message: string) => ({ error: { code, message }, ok: false });
    if (params.operation === "write") {
      const length = Math.floor(((params.content_base64 ?? "").length * 3) / 4);
      context.burn(FUEL.beforeWrite * length);
    }
    if (path.split("/").includes("..")) return refuse("traversal", `path traversal rejected: ${path}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no path has one
    if (/^\/|[\u0000-\u001f\u007f]/.test(path)) return refuse("path_invalid", `invalid path: ${path}`);
    if (pathMatches(path, context.deniedPaths))
      return refuse("path_denied", `path matched denied_paths: ${path}`);
    if (!pathMatches(path, context.allowedPaths)) {
      return refuse("path_not_allowed", `path not covered by allowed_paths: ${path}`);
    }
    const resolved = tree.resolve(context.fsRoot, path);
    if (resolved.state === "escape") return refuse("symlink_escape", `symlink escape detected: ${path}`);
    if (resolved.state === "impossible") return refuse("io_error", `I/O error: ${path}`);
    const full = resolved.path;
    if (tree.isFolder(full)) return refuse("special_file", `target is not a regular file: ${path}`);
    const before = tree.content(full);
    const absent = () => refuse("path_not_found", `file not found: ${path}`);
    const evidence = (operation: string, after: Buffer | undefined, was: Buffer | undefined) =>
      context.observe({
        operation,
        path,
        before_hash: was === undefined ? null : digest(was),
        after_hash: after === undefined ? null : digest(after),
        bytes_before: was?.length ?? 0,
        bytes_after: after?.length ?? 0,
      });

    if (params.operation === "read") {
      if (before === undefined) return absent();
      evidence("read", before, undefined);
      const data = { content_base64: before.toString("base64"), hash: digest(before), path };
      return { data: { ...data, size_bytes: before.length }, ok: true };
    }
    if (params.operation === "delete") {
      if (before === undefined) return absent();
      tree.remove(tree.place(context.fsRoot, path));
      evidence("delete", undefined, before);
      return { data: { deleted: true, path }, ok: true };
    }
    const encoded = params.content_base64 ?? "";
    if (!BASE64.test(encoded)) return refuse("invalid_content", `invalid base64 content: ${path}`);
    const create = params.mode === "create";
    if (create && before !== undefined) return refuse("already_exists", `file already exists: ${path}`);
    if (!create && before === undefined) return absent();
    if (before !== undefined && params.expected_before_hash !== undefined) {
      if (digest(before) !== params.expected_before_hash) {
        return refuse("conflict", `expected_before_hash mismatch (concurrent modification): ${path}`);
      }
    }
    if (!tree.isFolder(full.slice(0, full.lastIndexOf("/")))) return absent();
    const after = Buffer.from(encoded, "base64");
    tree.put(full, after);
    context.burn(FUEL.afterWrite * after.length);
    evidence(create ? "create" : "overwrite", after, before);
    const data = { after_hash: digest(after), bytes_written: after.length, path };
    if (before === undefined) return { data, ok: true };
    return { data: { ...data, before_hash: digest(before), bytes_before: before.length }, ok: true };
  }

  return { workspace, checkRoot, act };
}

function digest(content: Buffer): string {
  return `sha256:${sha256(content)}`;
}
