import { pathMatches, type RunContext } from "./actions.ts";
import { sha256 } from "./canonical.ts";

/** Files by absolute path, in memory: what the built-in `fs_*` actions read and write. */
export interface Workspace {
  /** The gate-wide root, used by sessions that have none of their own. */
  readonly root: string;
  /** The content of a file; relative to the root, or absolute. */
  read(path: string): string | undefined;
  write(path: string, content: string | Uint8Array): void;
  delete(path: string): boolean;
  /** All paths, absolute. */
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

const SYSTEM_DIRECTORIES = [
  "/",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/proc",
  "/root",
  "/sbin",
  "/sys",
  "/usr",
  "/var",
];

/** What a lease may have for a root, and why not, in the gate's words. */
export type RootVerdict =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly status: 400 | 403; readonly message: string };

export function createWorkspace(options: {
  root: string;
  files: Readonly<Record<string, string | Uint8Array>>;
  directories: readonly string[];
  allowedPrefixes: readonly string[];
}) {
  const files = new Map<string, Buffer>();
  const directories = new Set([...options.directories, options.root]);
  const absolute = (path: string) => (path.startsWith("/") ? path : `${options.root}/${path}`);

  function put(path: string, content: string | Uint8Array) {
    files.set(path, Buffer.from(content));
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      directories.add(path.slice(0, at));
  }
  for (const [path, content] of Object.entries(options.files)) put(absolute(path), content);

  const workspace: Workspace = {
    root: options.root,
    read: (path) => files.get(absolute(path))?.toString(),
    write: (path, content) => put(absolute(path), content),
    delete: (path) => files.delete(absolute(path)),
    list: () => [...files.keys()],
  };

  function checkRoot(path: string): RootVerdict {
    const refuse = (status: 400 | 403, message: string): RootVerdict => ({ ok: false, status, message });
    if (path === "") return refuse(400, "must not be empty");
    if (!path.startsWith("/")) return refuse(400, `must be absolute, got: ${path}`);
    const resolved = new URL(`file://${path}`).pathname.replace(/(.)\/+$/, "$1");
    const system = SYSTEM_DIRECTORIES.some((directory) => directory === resolved);
    const known = system || directories.has(resolved) || resolved.startsWith("/usr/");
    if (!known)
      return refuse(400, "does not exist or not accessible: No such file or directory (os error 2)");
    if (system) return refuse(403, `system directory: ${resolved}`);
    const inside = options.allowedPrefixes.some(
      (prefix) => resolved === prefix || resolved.startsWith(`${prefix}/`),
    );
    return inside ? { ok: true, path: resolved } : refuse(403, `outside allowed prefixes: ${resolved}`);
  }

  /**
   * Does what a file action asks for, within the globs of its call. The words for an absolute path, a denied one and
   * a file that exists were not recorded; that these are refused was.
   */
  function act(params: FileParams, context: RunContext): unknown {
    const { path } = params;
    const refuse = (code: string, message: string) => ({ error: { code, message }, ok: false });
    if (path.split("/").includes("..")) return refuse("traversal", `path traversal rejected: ${path}`);
    if (path.startsWith("/")) return refuse("path_invalid", `path must be relative: ${path}`);
    if (pathMatches(path, context.deniedPaths)) return refuse("path_denied", `path denied: ${path}`);
    if (!pathMatches(path, context.allowedPaths)) {
      return refuse("path_not_allowed", `path not covered by allowed_paths: ${path}`);
    }
    const full = `${context.fsRoot}/${path}`;
    const before = files.get(full);
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
      files.delete(full);
      evidence("delete", undefined, before);
      return { data: { deleted: true, path }, ok: true };
    }
    const create = params.mode === "create";
    if (create && before !== undefined) return refuse("already_exists", `file already exists: ${path}`);
    if (!create && before === undefined) return absent();
    if (before !== undefined && params.expected_before_hash !== undefined) {
      if (digest(before) !== params.expected_before_hash) {
        return refuse("conflict", `expected_before_hash mismatch (concurrent modification): ${path}`);
      }
    }
    if (!directories.has(full.slice(0, full.lastIndexOf("/")))) return absent();
    const after = Buffer.from(params.content_base64 ?? "", "base64");
    put(full, after);
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
