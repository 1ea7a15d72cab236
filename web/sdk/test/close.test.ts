import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, ok, rejected, resolved, TRX } from "./fake-server.js";
import { assertRejected, type Page, page, watch, type Watched } from "./setup.js";

/** A transaction that has been polled for a while. */
async function running(): Promise<Page & { trigger: Watched<unknown>; calls: () => string[] }> {
  const made = page();
  const trigger = watch(made.gateway.triggerTransaction({ transactionId: TRX }));
  await made.browser.advance(2000);
  const t0 = made.browser.now();
  const first = made.server.seen.length;
  const calls = (): string[] =>
    made.server.seen.slice(first).map((seen) => `${seen.path.split("/").at(-1)}@${seen.at - t0}`);
  return { ...made, trigger, calls };
}

test("closed: two more polls over 3 s, then the report; the server's answer settles", async () => {
  const { browser, server, trigger, calls } = await running();
  browser.popup.closed = true;
  server.state = { page: "gone" };
  server.closed = () => {
    server.settlement = rejected(1010, "user_cancelled");
    return ok(server.stateData());
  };
  await browser.advance(10_000);
  const seen = calls();
  assert.deepEqual(seen.map((call) => call.split("@")[0]), ["state", "state", "closed"]);
  const at = seen.map((call) => Number(call.split("@")[1]));
  const noticed = (at[0] ?? 0) - 1500;
  assert.ok(noticed >= 0 && noticed <= 500, "noticed within half a second");
  assert.deepEqual(at, [noticed + 1500, noticed + 3000, noticed + 3000]);
  assertRejected(trigger, 1010, "user_cancelled");
  assert.equal(browser.leftovers, 0);
});

test("a result that arrives while the close is observed wins", async () => {
  const { browser, server, trigger, calls } = await running();
  browser.popup.closed = true;
  await browser.advance(1000);
  server.settlement = resolved(connected());
  await browser.advance(3000);
  assert.equal(trigger.state, "resolved");
  assert.ok(!calls().some((call) => call.startsWith("closed")));
});

test("a report that is not believed while the user is at the broker: one report, polling goes on", async () => {
  const { browser, server, trigger, calls } = await running();
  browser.popup.closed = true;
  server.state = { page: "external" };
  await browser.advance(60_000);
  assert.equal(calls().filter((call) => call.startsWith("closed")).length, 1);
  assert.equal(trigger.state, "pending");
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
});

test("a window that only looks closed does not disturb a user who is in it", async () => {
  const { browser, server, trigger, calls } = await running();
  browser.popup.closed = true;
  await browser.advance(60_000);
  assert.equal(calls().filter((call) => call.startsWith("closed")).length, 1);
  assert.equal(trigger.state, "pending");
  server.state = { page: "gone", pollAfterMs: 500 };
  server.closed = () => {
    server.settlement = rejected(1012, "user_cancelled");
    return ok(server.stateData());
  };
  await browser.advance(3000);
  assertRejected(trigger, 1012, "user_cancelled");
});

test("after a report the server sets the pace, and is told again while no page is there", async () => {
  const { browser, server, calls } = await running();
  browser.popup.closed = true;
  server.state = { page: "gone", pollAfterMs: 500 };
  await browser.advance(5500);
  const reports = calls().filter((call) => call.startsWith("closed")).map((call) => Number(call.split("@")[1]));
  assert.ok(reports.length >= 4 && reports.length <= 6, reports.join());
  for (let i = 1; i < reports.length; i += 1) assert.equal((reports[i] ?? 0) - (reports[i - 1] ?? 0), 500);
});

test("a reopened window ends the observation", async () => {
  const { browser, server, gateway, trigger, calls } = await running();
  browser.popup.closed = true;
  await browser.advance(1000);
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.advance(20_000);
  assert.ok(!calls().some((call) => call.startsWith("closed")));
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
});

test("the report waits for the network like every other request", async () => {
  const { browser, server, trigger, calls } = await running();
  const plain = server.read;
  server.read = () => Promise.reject(new TypeError("network"));
  browser.popup.closed = true;
  await browser.advance(6000);
  assert.ok(!calls().some((call) => call.startsWith("closed")));
  server.read = plain;
  server.closed = () => {
    server.settlement = rejected(1011, "user_cancelled");
    return ok(server.stateData());
  };
  await browser.advance(15_000);
  assertRejected(trigger, 1011, "user_cancelled");
});
