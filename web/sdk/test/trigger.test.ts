import assert from "node:assert/strict";
import { test } from "node:test";
import type { TriggerArgument } from "../src/types.js";
import { ALICE, connected, fail, GUEST, OTHER_TRX, rejected, resolved, TRX } from "./fake-server.js";
import { assertRejected, page, refused, watch } from "./setup.js";

test("the happy path: window in the gesture, handle by form, result, window closed, then settled", async () => {
  const { browser, server, gateway } = page({ amo: true });
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX, brokers: ["kite", "upstox"] }));
  assert.deepEqual(browser.log, ["open window", "POST gatewaydemo/init"], "in the gesture itself");
  await browser.settle();
  assert.deepEqual(browser.log.slice(2), [
    `POST gatewaydemo/transactions/${TRX}/start`,
    "form into popup",
  ]);
  assert.deepEqual(server.of("start")[0]?.body, {
    brokers: ["kite", "upstox"], amo: true, flowMode: "popup", returnUrl: null,
  });
  assert.deepEqual(browser.forms, [
    { action: "https://torana.example/flow/start", field: "handle", value: "h_1", into: "popup" },
  ]);
  server.settlement = resolved(connected());
  let closedFirst = false;
  void gateway.resumeTransaction().then(() => (closedFirst = browser.popup.closed));
  await browser.advance(2000);
  assert.deepEqual(trigger.value, connected());
  assert.equal(trigger.value?.data.smallcaseAuthToken, ALICE);
  assert.ok(closedFirst);
  assert.equal(browser.leftovers, 0);
  assert.equal(browser.storage.size, 0);
});

test("no request carries the handle or a token in its address", async () => {
  const { browser, server, gateway } = page();
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.advance(10_000);
  for (const line of [...browser.log, ...server.seen.map((seen) => seen.path)]) {
    assert.ok(!line.includes("h_1") && !line.includes(GUEST) && !line.includes("ss_1"), line);
  }
});

test("1: unusable options come before everything else", async () => {
  const { browser, gateway } = page({ host: "ftp://x" });
  await refused(gateway.triggerTransaction({ transactionId: "nonsense" }), 3004, "init_sdk");
  assert.equal(browser.popups.length, 0);
});

test("2: another transaction open: transaction_in_process before the id is looked at, window focused", async () => {
  const { browser, gateway } = page();
  const first = watch(gateway.triggerTransaction({ transactionId: TRX }));
  for (const id of ["nonsense", OTHER_TRX, TRX]) {
    await refused(gateway.triggerTransaction({ transactionId: id }), 3003, "transaction_in_process");
  }
  assert.equal(browser.popup.focused, 3);
  assert.equal(browser.popups.length, 1);
  await browser.advance(5000);
  await refused(gateway.connect({ transactionId: OTHER_TRX }), 3003, "transaction_in_process");
  assert.equal(first.state, "pending");
});

test("3: malformed ids are refused before a window opens", async () => {
  const { browser, server, gateway } = page();
  const bad: unknown[] = [
    undefined, null, "x", {}, { transactionId: null }, { transactionId: 5 }, { transactionId: "" },
    { transactionId: TRX.toUpperCase() }, { transactionId: TRX.slice(0, -1) }, { transactionId: TRX + "0" },
    { transactionId: ` ${TRX}` }, { transactionId: `${TRX}\n` }, { transactionId: [TRX] },
  ];
  for (const argument of bad) {
    await refused(gateway.triggerTransaction(argument as TriggerArgument), 3002, "invalid_transactionId");
  }
  assert.equal(browser.popups.length, 0);
  assert.equal(server.seen.length, 0);
});

test("4: no window and no redirect: no_compatible_browser, nothing is asked, the next try works", async () => {
  const { browser, server, gateway } = page({ flowMode: "popup" });
  browser.popupsAllowed = false;
  const error = await refused(gateway.triggerTransaction({ transactionId: TRX }), 7103, "no_compatible_browser");
  assert.equal(error.transactionId, TRX);
  assert.equal(server.seen.length, 0);
  browser.popupsAllowed = true;
  const again = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(again.state, "resolved");
});

test("4: a framed page cannot fall back to the redirect", async () => {
  const { browser, gateway } = page();
  browser.popupsAllowed = false;
  browser.redirectAllowed = false;
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 7103, "no_compatible_browser");
});

const atInit: [string, number, string, number][] = [
  ["5: unknown gateway", 404, "invalid_gateway", 100],
  ["5: bad token", 401, "invalid_jwt", 90],
  ["5: unknown user", 401, "unknown_user", 90],
  ["5: test mode on a live gateway", 409, "init_sdk", 3004],
];
for (const [what, status, slug, code] of atInit) {
  test(`${what}: the window is closed and the error passed on`, async () => {
    const { browser, server, gateway } = page();
    const message = code === 90 ? "invalid_jwt" : slug;
    server.init = () => fail(status, slug, code, message);
    const error = await refused(gateway.triggerTransaction({ transactionId: TRX }), code, message);
    assert.equal(error.transactionId, TRX);
    assert.ok(browser.popup.closed);
    assert.equal(server.of("start").length, 0);
  });
}

test("5: an unlisted origin: window closed, internal_error, console text", async () => {
  const { browser, gateway } = page();
  browser.serve = () => Promise.reject(new TypeError("Failed to fetch"));
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 2000, "internal_error");
  assert.ok(browser.popup.closed);
  assert.match(browser.warnings.join(), /https:\/\/shop\.example.*whitelisted/);
});

const atStart: [string, number, string, number, string][] = [
  ["6: unknown id", 404, "invalid_transactionId", 3002, "invalid_transactionId"],
  ["7: expired, terminal or another session's", 409, "transaction_expired", 3001, "transaction_expired"],
  ["8: another user", 403, "user_mismatch", 1001, "user_mismatch"],
  ["9: no broker for the intent", 422, "no_broker", 1008, "no_broker"],
  ["a code that is new to this SDK", 422, "brand_new", 9999, "brand_new"],
];
for (const [what, status, slug, code, message] of atStart) {
  test(`${what}: the window is closed, nothing stays open`, async () => {
    const { browser, server, gateway } = page();
    server.start = () => fail(status, slug, code, message);
    const error = await refused(gateway.triggerTransaction({ transactionId: TRX }), code, message);
    assert.equal(error.requestId, "req_1");
    assert.ok(browser.popup.closed);
    assert.equal(browser.forms.length, 0);
    assert.equal(browser.storage.size, 0);
    assert.equal(browser.leftovers, 0);
    assert.equal((await gateway.init({ smallcaseAuthToken: GUEST })).success, true);
  });
}

test("a start answer without what it needs: internal_error", async () => {
  const { browser, server, gateway } = page();
  const ok = (data: unknown): ReturnType<typeof server.start> => ({
    status: 200, retryAfter: null, body: { success: true, errors: null, data },
  });
  for (const data of [null, {}, { startUrl: "javascript:alert(1)", handle: "h", nonce: "n" }, { startUrl: "https://t/", nonce: "n" }]) {
    server.start = () => ok(data);
    await refused(gateway.triggerTransaction({ transactionId: TRX }), 2000, "internal_error");
  }
  assert.equal(browser.forms.length, 0);
});

test("brokers: missing, null and empty mean all; odd members never turn a list into all", async () => {
  const cases: [unknown, unknown][] = [
    [undefined, []], [null, []], [[], []], ["kite", []], [["Kite", "kite-leprechaun"], ["Kite", "kite-leprechaun"]],
    [[5, null, Symbol("x")], ["", "", ""]],
  ];
  for (const [given, sent] of cases) {
    const { browser, server, gateway } = page();
    void gateway.triggerTransaction({ transactionId: TRX, brokers: given } as TriggerArgument);
    await browser.settle();
    assert.deepEqual(server.of("start")[0]?.body["brokers"], sent);
  }
});

test("triggerMfTransaction and connect are the same call", async () => {
  for (const name of ["triggerMfTransaction", "connect"] as const) {
    const { browser, server, gateway } = page();
    const trigger = watch(gateway[name]({ transactionId: TRX }));
    server.settlement = resolved(connected());
    await browser.advance(2000);
    assert.deepEqual(trigger.value, connected());
  }
});

test("a trigger while init runs waits for it and uses its user", async () => {
  const { browser, server, gateway } = page();
  void gateway.init({ smallcaseAuthToken: ALICE });
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.settle();
  assert.deepEqual(server.of("init").map((seen) => seen.body["smallcaseAuthToken"]), [ALICE]);
  assert.equal(server.of("start").length, 1);
});

test("a server's rejection: message, code, data and id on the error", async () => {
  const identity = { smallcaseAuthToken: ALICE, broker: "kite", signup: true, transactionId: TRX };
  const cases: [number, string, unknown][] = [
    [1001, "user_mismatch", null], [1003, "consent_denied", identity], [1004, "insufficient_holdings", identity],
    [1005, "transaction_expired", identity], [1006, "no_broker", null], [1010, "user_cancelled", null],
    [1011, "user_cancelled", null], [1012, "user_cancelled", identity], [2001, "holdings_import_error", identity],
    [3000, "intent_not_enabled_for_broker", null], [4003, "timed_out", identity], [4004, "market_closed", identity],
    [4006, "order_pending", identity], [7104, "trading_not_enabled", identity], [5555, "of_tomorrow", null],
  ];
  for (const [code, message, data] of cases) {
    const { browser, server, gateway } = page();
    const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
    server.settlement = rejected(code, message, data);
    await browser.advance(2000);
    const error = assertRejected(trigger, code, message);
    assert.deepEqual(error.data, data);
    assert.equal(error.transactionId, TRX);
    assert.ok(browser.popup.closed);
  }
});

test("user closes the empty window before anything was shown: user_cancelled 1010, no form", async () => {
  const { browser, server, gateway } = page();
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  browser.popup.closed = true;
  await browser.settle();
  assertRejected(trigger, 1010, "user_cancelled");
  assert.equal(browser.forms.length, 0);
  assert.equal(server.of("state").length, 0);
  const again = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(again.state, "resolved");
});

test("same id, window closed: reopened with a fresh handle, both promises settle together", async () => {
  const { browser, server, gateway } = page();
  const first = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(4000);
  server.state = { page: "external" };
  browser.popup.closed = true;
  await browser.advance(1000);
  const second = watch(gateway.triggerTransaction({ transactionId: TRX }));
  assert.equal(browser.popups.length, 2, "opened inside the gesture");
  await browser.advance(0);
  assert.deepEqual(browser.forms.map((form) => form.value), ["h_1", "h_2"]);
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(first.value, second.value);
  assert.equal(second.state, "resolved");
  assert.ok(browser.popup.closed);
  assert.equal(browser.leftovers, 0);
});

test("a reopening that fails leaves the decision to the flow's own state", async () => {
  const { browser, server, gateway } = page();
  const first = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(4000);
  browser.popup.closed = true;
  server.start = () => fail(409, "transaction_expired", 3001);
  const second = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected());
  await browser.advance(500);
  assert.equal(first.state, "resolved");
  assert.equal(second.state, "resolved");
});

test("a reopening that gets no window rejects alone", async () => {
  const { browser, gateway } = page({ flowMode: "popup" });
  const first = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(4000);
  browser.popup.closed = true;
  browser.popupsAllowed = false;
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 7103, "no_compatible_browser");
  assert.equal(first.state, "pending");
});
