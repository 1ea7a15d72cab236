// Runs the README's quick start as it is printed, against a demo.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, start, startDemo, stop, until } from "./demo.mjs";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "torana-readme-"));
let demo, partner, own;

before(async () => {
  const port = await freePort();
  own = `http://127.0.0.1:${port}`;
  demo = await startDemo(port);
  const printed = readme.match(/^```js\n([\s\S]*?)^```/m)[1];
  assert.ok(printed.includes('"http://127.0.0.1:8080"') && printed.includes("listen(9000"), "the printed addresses are the documented ones");
  const file = join(folder, "partner.mjs");
  writeFileSync(file, printed.replace("http://127.0.0.1:8080", demo.url).replace("listen(9000", `listen(${port}`));
  partner = start(process.execPath, [file], {}, "nothing is printed").child;
  await until("the partner to listen", () => fetch(`${own}/favicon.ico`).then(() => true, () => false));
});

after(async () => {
  if (partner) await stop(partner);
  if (demo) await demo.end();
  rmSync(folder, { recursive: true, force: true });
});

test("the quick start's page carries a transaction that can be completed", async () => {
  const page = await (await fetch(own)).text();
  const transactionId = page.match(/TRX_[0-9a-f]{32}/)?.[0];
  const token = page.match(/smallcaseAuthToken: "([^"]+)"/)?.[1];
  assert.ok(transactionId && token, page);
  const path = `/torana/v1/gateways/gatewaydemo/sandbox/transactions/${transactionId}/complete?waitMs=20000`;
  const headers = { "x-gateway-secret": "gatewayDemo_secret", "x-gateway-authtoken": token };
  const body = JSON.stringify({ decision: "approve", broker: "groww", account: "DEMO01" });
  const answer = await (await fetch(demo.url + path, { method: "POST", headers, body })).json();
  assert.equal(answer.data?.status, "COMPLETED", JSON.stringify(answer));
});
