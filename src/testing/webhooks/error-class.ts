/** What the gate calls a provider that did not return: the classes that are seen in normal running. */
const CLASSES = ["wasm_timeout", "fuel_exhausted", "module_not_found", "digest_mismatch", "memory_limit"];

/**
 * The `error_class` of a call whose `run` threw or took too long: the class by whose name the reason begins, so that an
 * action of one's own can fail with any of them, and `execution_failed` else.
 */
export function errorClassOf(reason: string): string {
  return CLASSES.find((name) => reason.startsWith(name)) ?? "execution_failed";
}
