// The verification code of docs/webhooks.md, as printed, against published vectors.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const page = readFileSync(new URL("../../docs/webhooks.md", import.meta.url), "utf8");

async function printedCode() {
  const folder = mkdtempSync(join(tmpdir(), "torana-docs-"));
  const file = join(folder, "verify.mjs");
  writeFileSync(file, page.match(/^```js\n([\s\S]*?)^```/m)[1]);
  const code = await import(pathToFileURL(file));
  rmSync(folder, { recursive: true });
  return code;
}

const key = "whsec_dG9yYW5hLXdlYmhvb2stc2lnbmluZy1rZXktMDAwMDE=";
const raw = Buffer.from('{"batchId":"60c72b2f9b1e8a0012345678","status":"COMPLETED"}');
const signature = "v1,LXRmuo6NoFHKTo441k0gX16Joqu/8+QRj4F8HSBvF+4=";
const headers = { "webhook-id": "msg_2b7e151628aed2a6abf71589", "webhook-timestamp": "1767605462", "webhook-signature": signature };
const now = 1767605500;

test("the printed signature check", async () => {
  const { verifyWebhook } = await printedCode();
  assert.equal(verifyWebhook(headers, raw, key, now), true);
  assert.equal(verifyWebhook({ ...headers, "webhook-signature": `v1,AAAA ${signature}` }, raw, key, now), true, "two keys");
  assert.equal(verifyWebhook(headers, Buffer.from("{}"), key, now), false, "another body");
  assert.equal(verifyWebhook(headers, raw, key, now + 400), false, "too old");
  assert.equal(verifyWebhook({}, raw, key, now), false, "no headers");
});

test("the printed checksum check", async () => {
  const { checksumHolds } = await printedCode();
  const body = { timestamp: "2026-01-05T09:31:02.120Z", smallcaseAuthId: "507f1f77bcf86cd799439011",
    checksum: "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12" };
  assert.equal(checksumHolds(body, "example_api_secret"), true);
  assert.equal(checksumHolds({ ...body, smallcaseAuthId: "507f1f77bcf86cd799439012" }, "example_api_secret"), false);
  assert.equal(checksumHolds({ ...body, checksum: undefined }, "example_api_secret"), false);
});

test("the page prints the vectors that were checked", () => {
  for (const text of [key, headers["webhook-id"], headers["webhook-timestamp"], raw.toString(), signature]) assert.ok(page.includes(text), text);
});
