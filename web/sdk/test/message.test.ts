import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, HOST, OTHER_TRX, resolved, TRX } from "./fake-server.js";
import { page, watch } from "./setup.js";

const genuine = { source: "torana-gateway", version: 1, type: "flow.update", transactionId: TRX, nonce: "n_1" };

test("a genuine message causes one immediate poll", async () => {
  const { browser, server, gateway } = page();
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(100);
  server.settlement = resolved(connected());
  browser.post(HOST, genuine);
  await browser.settle();
  assert.equal(server.of("state").length, 1);
  assert.equal(trigger.state, "resolved");
});

const forged: Record<string, [string, unknown]> = {
  "another origin": ["https://evil.example", genuine],
  "the page's own origin": ["https://shop.example", genuine],
  "another scheme": ["http://torana.example", genuine],
  "the null origin": ["null", genuine],
  "a wrong nonce": [HOST, { ...genuine, nonce: "n_2" }],
  "no nonce": [HOST, { ...genuine, nonce: undefined }],
  "another transaction": [HOST, { ...genuine, transactionId: OTHER_TRX }],
  "another version": [HOST, { ...genuine, version: 2 }],
  "another source": [HOST, { ...genuine, source: "x" }],
  "another type": [HOST, { ...genuine, type: "flow.done" }],
  "text": [HOST, JSON.stringify(genuine)],
  "null": [HOST, null],
  "a list": [HOST, [genuine]],
};
for (const [what, [origin, data]] of Object.entries(forged)) {
  test(`a message with ${what} causes nothing`, async () => {
    const { browser, server, gateway } = page();
    void gateway.triggerTransaction({ transactionId: TRX });
    await browser.advance(100);
    browser.post(origin, data);
    await browser.advance(100);
    assert.equal(server.of("state").length, 0);
  });
}

test("a message that pretends to carry a result does not change it", async () => {
  const { browser, server, gateway } = page();
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(100);
  browser.post(HOST, { ...genuine, status: "COMPLETED", result: connected(), settlement: resolved(connected()) });
  await browser.advance(100);
  assert.equal(server.of("state").length, 1);
  assert.equal(trigger.state, "pending");
});

test("after the settlement nobody listens", async () => {
  const { browser, server, gateway } = page();
  void gateway.triggerTransaction({ transactionId: TRX });
  server.settlement = resolved(connected());
  await browser.advance(2000);
  browser.post(HOST, genuine);
  await browser.advance(100);
  assert.equal(server.of("state").length, 1);
});
