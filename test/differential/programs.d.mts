export function program(seed: number): unknown;
