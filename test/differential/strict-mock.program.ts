import { type MockGateOptions, MockGate as Right } from "../../src/testing/index.ts";

/** A mock that is wrong in one thing: it never says that the gate runs with a relaxed posture. */
export class MockGate extends Right {
  constructor(options: MockGateOptions = {}) {
    super({ ...options, devMode: false });
  }
}
