/** The kernel's number of the call `socket`, by architecture (AUDIT_ARCH_…). */
const ARCHITECTURES: { readonly [arch: string]: readonly [audit: number, socket: number] } = {
  x64: [0xc000003e, 41],
  arm64: [0xc00000b7, 198],
};
const AF_INET = 2;
const AF_INET6 = 10;

const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;

/** What becomes of a program that asks for a socket of the internet: it is refused (EACCES), or ends there. */
export const VERDICTS = { refused: 0x00050000 | 13, ends: 0x80000000 } as const;

/** A filter for seccomp(2), as bubblewrap takes it. The gate's sandbox refuses TCP by Landlock, which it can't set up. */
export function withoutInternet(verdict: keyof typeof VERDICTS): Buffer {
  const [audit, socket] = ARCHITECTURES[process.arch] ?? [0, 0];
  const program = [
    [LOAD, 0, 0, 4], // the architecture
    [JUMP_IF_EQUAL, 0, 6, audit],
    [LOAD, 0, 0, 0], // the call's number
    [JUMP_IF_EQUAL, 0, 4, socket],
    [LOAD, 0, 0, 16], // its first argument, the family
    [JUMP_IF_EQUAL, 1, 0, AF_INET],
    [JUMP_IF_EQUAL, 0, 1, AF_INET6],
    [RETURN, 0, 0, VERDICTS[verdict]],
    [RETURN, 0, 0, ALLOW],
  ] as const;
  const bytes = Buffer.alloc(program.length * 8);
  for (const [at, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(ifTrue, at * 8 + 2);
    bytes.writeUInt8(ifFalse, at * 8 + 3);
    bytes.writeUInt32LE(value, at * 8 + 4);
  }
  return bytes;
}
