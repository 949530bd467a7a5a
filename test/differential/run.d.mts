import type { ProgramRun } from "./trace.ts";

export class Gate {
  constructor(options: {
    dir: string;
    apiKey: string;
    pem: string;
    noEffects?: boolean;
    onReset?: string;
    restart?: string;
  });
}
export const generator: string;
export function runProgram(gate: Gate, program: unknown): Promise<ProgramRun>;
