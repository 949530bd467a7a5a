/** Makes keys, as many as keys.test.ts says, and uses each as a program does: a process of its own, for it may never end. */
import { DPoPKeyPair } from "../../src/proof/dpop.ts";
import { newEd25519KeyPair, newP256KeyPair } from "../../src/testing/formats/keys.ts";

const count = Number(process.argv[2]);
for (let made = 0; made < count; made += 1) await DPoPKeyPair.generate();
for (let made = 0; made < count / 2; made += 1)
  for (const { publicKey } of [newP256KeyPair(), newEd25519KeyPair()]) publicKey.export({ format: "jwk" });
