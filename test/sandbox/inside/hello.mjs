import "./parsers.mjs";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createTransport, LatchGateClient, verifyReceipt } from "latchgate-client";

assert.equal(createTransport().carrier, "node:http");
const client = new LatchGateClient();
const { ok, receiptId } = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
assert.equal(ok, true);
const receipt = await client.getReceipt(receiptId);
assert.equal(verifyReceipt(receipt).state, "hash_holds");
writeFileSync("receipt.json", JSON.stringify(receipt.raw));
await client.close();
