import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpReply } from "../src/browser.js";
import { pollDelay } from "../src/schedule.js";
import { ALICE, connected, fail, ok, rejected, resolved, TRX } from "./fake-server.js";
import { assertRejected, type Page, page, watch, type Watched } from "./setup.js";

/** A transaction whose window is open and whose state has not been read yet. */
async function opened(): Promise<Page & { trigger: Watched<unknown>; t0: number; times: () => number[] }> {
  const made = page();
  const trigger = watch(made.gateway.triggerTransaction({ transactionId: TRX }));
  await made.browser.settle();
  const t0 = made.browser.now();
  const times = (): number[] =>
    made.server.seen.filter((seen) => /state$|closed$/.test(seen.path)).map((seen) => seen.at - t0);
  return { ...made, trigger, t0, times };
}

test("the next poll comes pollAfterMs after the answer", async () => {
  const { browser, server, times } = await opened();
  await browser.advance(6000);
  server.state = { pollAfterMs: 5000 };
  await browser.advance(2000);
  assert.deepEqual(times(), [2000, 4000, 6000, 8000]);
  await browser.advance(10_000);
  assert.deepEqual(times().slice(4), [13_000, 18_000]);
});

test("the distance counts from the answer, and only one request is in flight", async () => {
  const { browser, server, times } = await opened();
  const plain = server.read;
  server.read = (seen) => new Promise((resolve) => browser.after(3000, () => resolve(plain(seen))));
  await browser.advance(11_000);
  assert.deepEqual(times(), [2000, 7000]);
});

test("the server cannot make the SDK spin or fall asleep; without a number it uses its own", () => {
  assert.equal(pollDelay(0, 0), 500);
  assert.equal(pollDelay(500, 0), 500);
  assert.equal(pollDelay(3_600_000, 0), 30_000);
  assert.equal(pollDelay(null, 0), 2000);
  assert.equal(pollDelay(null, 119_999), 2000);
  assert.equal(pollDelay(null, 120_000), 5000);
});

test("wake-ups ask at once, and directly after the request under way", async () => {
  const { browser, server, times } = await opened();
  await browser.advance(300);
  browser.wake();
  await browser.settle();
  assert.deepEqual(times(), [300]);
  const plain = server.read;
  server.read = (seen) => new Promise((resolve) => browser.after(1000, () => resolve(plain(seen))));
  await browser.advance(2000);
  browser.wake();
  browser.wake();
  await browser.advance(1000);
  assert.deepEqual(times(), [300, 2300, 3300]);
  await browser.advance(2900);
  assert.deepEqual(times(), [300, 2300, 3300], "one wake-up, one request");
});

test("after failures 2, 4, 8, then every 10 s; an answer starts the ladder anew", async () => {
  const { browser, server, times } = await opened();
  const plain = server.read;
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(46_000);
  assert.deepEqual(times(), [2000, 4000, 8000, 16_000, 26_000, 36_000, 46_000]);
  server.read = plain;
  await browser.advance(10_000);
  server.read = () => fail(503, "service_unavailable");
  await browser.advance(2000 + 2000 + 4000);
  assert.deepEqual(times().slice(7), [56_000, 58_000, 60_000, 64_000]);
});

test("an answer that is no envelope, or no state, is treated as it deserves", async () => {
  const proxy: HttpReply = { status: 200, retryAfter: null, body: undefined };
  const first = await opened();
  first.server.read = () => proxy;
  await first.browser.advance(10_000);
  assert.equal(first.trigger.state, "pending", "something in between answered");
  const second = await opened();
  second.server.read = () => ok({ settlement: { outcome: "maybe" } });
  await second.browser.advance(2000);
  assertRejected(second.trigger, 2000, "internal_error");
});

test("back online: at once", async () => {
  const { browser, server, trigger } = await opened();
  const plain = server.read;
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(20_000);
  server.read = plain;
  server.settlement = resolved(connected());
  browser.wake();
  await browser.settle();
  assert.equal(trigger.state, "resolved");
});

test("429: Retry-After is obeyed, wake-ups included", async () => {
  const { browser, server, times } = await opened();
  const plain = server.read;
  server.read = () => fail(429, "rate_limited", undefined, undefined, "7");
  await browser.advance(2000);
  server.read = plain;
  await browser.advance(3000);
  browser.wake();
  await browser.advance(3999);
  assert.deepEqual(times(), [2000]);
  await browser.advance(1);
  assert.deepEqual(times(), [2000, 9000]);
});

test("429 without a readable Retry-After uses the ladder; a huge one is bounded", async () => {
  const { browser, server, times } = await opened();
  server.read = () => fail(429, "rate_limited");
  await browser.advance(4000);
  assert.deepEqual(times(), [2000, 4000]);
  server.read = () => fail(429, "rate_limited", undefined, undefined, "999999");
  await browser.advance(4000 + 120_000);
  assert.deepEqual(times(), [2000, 4000, 8000, 128_000]);
});

test("a request without answer ends after 10 s and counts as a failure", async () => {
  const { browser, server, times } = await opened();
  server.read = () => new Promise(() => undefined);
  await browser.advance(2000 + 10_000 + 2000);
  assert.deepEqual(times(), [2000, 14_000]);
});

test("network loss: internal_error after the last expiresInMs plus 30 s, not before", async () => {
  const { browser, server, trigger } = await opened();
  server.state = { expiresInMs: 60_000 };
  await browser.advance(2000);
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(89_999);
  assert.equal(trigger.state, "pending");
  await browser.advance(1);
  const error = assertRejected(trigger, 2000, "internal_error");
  assert.equal(error.transactionId, TRX);
  assert.ok(browser.popup.closed);
  assert.equal(browser.leftovers, 0);
});

test("network loss after the hand-over: order_pending", async () => {
  const { browser, server, trigger } = await opened();
  server.state = { expiresInMs: null, handedOver: true, status: "PROCESSING" };
  await browser.advance(2000);
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(930_000 - 1);
  assert.equal(trigger.state, "pending", "15 min where the expiry is unknown");
  await browser.advance(1);
  assertRejected(trigger, 4006, "order_pending");
});

test("the network may come back at the last moment", async () => {
  const { browser, server, trigger } = await opened();
  server.state = { expiresInMs: 60_000 };
  await browser.advance(2000);
  const plain = server.read;
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(80_000);
  server.read = plain;
  server.settlement = rejected(3001, "transaction_expired");
  await browser.advance(9_999);
  assertRejected(trigger, 3001, "transaction_expired");
});

test("a frozen world with a server that answers never ends by itself", async () => {
  const { browser, server, trigger } = await opened();
  server.state = { expiresInMs: null };
  await browser.advance(40 * 60_000);
  assert.equal(trigger.state, "pending");
});

test("one console text per outage, not one per poll", async () => {
  const { browser, server } = await opened();
  server.read = () => Promise.reject(new TypeError("network"));
  await browser.advance(60_000);
  assert.equal(browser.warnings.length, 1);
});

test("a state that is gone settles with the server's error", async () => {
  const { browser, server, trigger } = await opened();
  server.read = () => fail(404, "invalid_transactionId", 3002);
  await browser.advance(2000);
  assertRejected(trigger, 3002, "invalid_transactionId");
});

test("an expired session during polling is renewed; the tab remembers the new one", async () => {
  const { browser, server, trigger } = await opened();
  const plain = server.read;
  server.read = (seen) => (seen.session === "ss_1" ? fail(401, "sdk_session_expired") : plain(seen));
  server.init = () => ok({ sdkSession: "ss_2", status: "GUEST", broker: null });
  await browser.advance(2000);
  assert.equal(trigger.state, "pending");
  assert.match([...browser.storage.values()].join(), /ss_2/);
  server.settlement = resolved(connected(ALICE));
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
  assert.equal(browser.storage.size, 0);
});

test("after the settlement nothing is asked any more", async () => {
  const { browser, server, times } = await opened();
  server.settlement = rejected(1010, "user_cancelled");
  await browser.advance(2000);
  await browser.advance(600_000);
  assert.deepEqual(times(), [2000]);
});
