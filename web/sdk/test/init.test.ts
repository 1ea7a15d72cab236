import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpReply } from "../src/browser.js";
import type { InitArgument } from "../src/types.js";
import { VERSION } from "../src/version.js";
import { ALICE, BOB, connected, fail, GUEST, ok, resolved, TRX } from "./fake-server.js";
import { assertRejected, page, refused, watch } from "./setup.js";

test("init sends the token, the SDK header and no session", async () => {
  const { server, gateway } = page({ leprechaunEnabled: true });
  const result = await gateway.init({ smallcaseAuthToken: ALICE });
  assert.deepEqual(result, { success: true, status: "CONNECTED", broker: "kite" });
  const [seen] = server.seen;
  assert.deepEqual(seen?.body, { smallcaseAuthToken: ALICE, leprechaunEnabled: true });
  assert.equal(seen.headers["x-torana-sdk"], "web/" + VERSION);
  assert.equal(seen.session, null);
});

test("init accepts the older form and refuses everything else as invalid_user_data", async () => {
  const { server, gateway } = page();
  assert.equal((await gateway.init({ userData: ALICE })).status, "CONNECTED");
  assert.equal((await gateway.init({ userData: { smallcaseAuthToken: GUEST } })).status, "GUEST");
  const before = server.seen.length;
  const bad: unknown[] = [
    undefined, null, {}, "jwt", { smallcaseAuthToken: 5 }, { smallcaseAuthToken: null, userData: ALICE },
    { userData: null }, { userData: 5 }, { userData: "" }, { userData: {} }, { userData: [ALICE] },
    { userData: { smallcaseAuthToken: 5 } },
  ];
  for (const argument of bad) {
    await refused(gateway.init(argument as InitArgument), 7102, "invalid_user_data");
  }
  assert.equal(server.seen.length, before);
});

test("an empty token is invalid_jwt, a gateway name that cannot exist invalid_gateway", async () => {
  const { server, gateway } = page();
  await refused(gateway.init({ smallcaseAuthToken: "" }), 90, "invalid_jwt");
  assert.equal(server.seen.length, 0);
  const { defineScDK } = await import("../src/scdk.js");
  const other = page();
  const scDK = defineScDK(other.browser, "https://torana.example");
  const odd = new scDK({ gateway: "..", smallcaseAuthToken: GUEST });
  await refused(odd.init({ smallcaseAuthToken: GUEST }), 100, "invalid_gateway");
  assert.equal(other.server.seen.length, 0);
});

test("the server's refusals pass unchanged, unknown ones included", async () => {
  const { server, gateway } = page();
  const cases: [HttpReply, number, string][] = [
    [fail(401, "invalid_jwt", 90), 90, "invalid_jwt"],
    [fail(404, "invalid_gateway", 100), 100, "invalid_gateway"],
    [fail(409, "init_sdk", 3004), 3004, "init_sdk"],
    [fail(418, "teapot", 4242, "something_new"), 4242, "something_new"],
    [fail(404, "route_not_found"), 2000, "internal_error"],
    [fail(500, "internal_error"), 2000, "internal_error"],
    [{ status: 502, retryAfter: null, body: undefined }, 2000, "internal_error"],
    [{ status: 200, retryAfter: null, body: undefined }, 2000, "internal_error"],
    [ok({ sdkSession: "ss_1" }), 2000, "internal_error"],
  ];
  for (const [reply, code, message] of cases) {
    server.init = () => reply;
    await refused(gateway.init({ smallcaseAuthToken: GUEST }), code, message);
  }
});

test("the request id of the server is on the error", async () => {
  const { server, gateway } = page();
  server.init = () => fail(401, "invalid_jwt", 90);
  const error = await refused(gateway.init({ smallcaseAuthToken: GUEST }), 90, "invalid_jwt");
  assert.equal(error.requestId, "req_1");
  assert.equal(error.data, null);
});

test("an unlisted origin: internal_error, and a console text with origin and remedy", async () => {
  const { browser, server, gateway } = page();
  server.init = () => Promise.reject(new TypeError("Failed to fetch"));
  await refused(gateway.init({ smallcaseAuthToken: ALICE }), 2000, "internal_error");
  const text = browser.warnings.join();
  for (const part of ["https://shop.example", "https://torana.example", "whitelisted", "--origin", "gatewaydemo"]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(!text.includes(ALICE));
});

test("a server that does not answer is given up after 10 s", async () => {
  const { browser, server, gateway } = page();
  server.init = () => new Promise(() => undefined);
  const init = watch(gateway.init({ smallcaseAuthToken: GUEST }));
  await browser.advance(9_999);
  assert.equal(init.state, "pending");
  await browser.advance(1);
  assertRejected(init, 2000, "internal_error");
  assert.ok(browser.log.includes("abort"));
});

test("init while init runs: queued, the last one wins, all settle with its outcome", async () => {
  const { browser, server, gateway } = page();
  const answers: ((reply: HttpReply) => void)[] = [];
  const plain = server.init;
  server.init = () => new Promise((resolve) => answers.push(resolve));
  const a = watch(gateway.init({ smallcaseAuthToken: GUEST }));
  await browser.settle();
  const b = watch(gateway.init({ smallcaseAuthToken: BOB }));
  const c = watch(gateway.init({ smallcaseAuthToken: ALICE }));
  await browser.settle();
  assert.equal(server.seen.length, 1, "one at a time");
  server.init = plain;
  answers[0]?.(fail(401, "invalid_jwt", 90));
  await browser.settle();
  assert.deepEqual(server.seen.map((seen) => seen.body["smallcaseAuthToken"]), [GUEST, ALICE], "the middle one is skipped");
  for (const call of [a, b, c]) assert.equal(call.value?.status, "CONNECTED");
});

test("init while init runs: all reject when the last one fails", async () => {
  const { browser, server, gateway } = page();
  server.init = (seen) =>
    seen.body["smallcaseAuthToken"] === GUEST
      ? ok({ sdkSession: "ss_1", status: "GUEST", broker: null })
      : fail(401, "invalid_jwt", 90);
  const a = watch(gateway.init({ smallcaseAuthToken: GUEST }));
  const b = watch(gateway.init({ smallcaseAuthToken: BOB }));
  await browser.settle();
  assertRejected(a, 90, "invalid_jwt");
  assertRejected(b, 90, "invalid_jwt");
});

test("init during an open transaction: transaction_in_process", async () => {
  const { browser, gateway } = page();
  const open = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await refused(gateway.init({ smallcaseAuthToken: GUEST }), 3003, "transaction_in_process");
  await browser.advance(3000);
  await refused(gateway.init({ smallcaseAuthToken: GUEST }), 3003, "transaction_in_process");
  assert.equal(open.state, "pending");
});

test("a trigger after a failed init never runs as the earlier user", async () => {
  const { server, gateway } = page();
  await gateway.init({ smallcaseAuthToken: ALICE });
  server.init = () => fail(401, "invalid_jwt", 90);
  await refused(gateway.init({ smallcaseAuthToken: BOB }), 90, "invalid_jwt");
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 90, "invalid_jwt");
  assert.equal(server.of("start").length, 0);
  assert.equal(server.seen.at(-1)?.body["smallcaseAuthToken"], BOB);
});

test("an expired session is renewed without the partner noticing, carrying the old one", async () => {
  const { server, gateway } = page();
  await gateway.init({ smallcaseAuthToken: ALICE });
  let expired = true;
  server.other = (seen) => {
    if (expired && seen.session === "ss_1") return fail(401, "sdk_session_expired", 3004, "init_sdk");
    return ok({});
  };
  server.init = (seen) => {
    assert.equal(seen.session, "ss_1");
    expired = false;
    return ok({ sdkSession: "ss_9", status: "CONNECTED", broker: "kite" });
  };
  assert.deepEqual(await gateway.brokerLogout(), { success: true });
  assert.deepEqual(server.seen.map((seen) => `${seen.path} ${seen.session}`), [
    "init null", "logout ss_1", "init ss_1", "logout ss_9",
  ]);
});

test("a session that is refused even when new is reported, not retried for ever", async () => {
  const { server, gateway } = page();
  server.other = () => fail(401, "sdk_session_expired", 3004, "init_sdk");
  await refused(gateway.brokerLogout(), 3004, "init_sdk");
  assert.equal(server.of("logout").length, 2);
});

test("the returned token is adopted: the next call runs as the connected user", async () => {
  const { browser, server, gateway } = page();
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected(ALICE));
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
  server.other = () => ok({});
  await gateway.brokerLogout();
  const last = server.of("init").at(-1);
  assert.equal(last?.body["smallcaseAuthToken"], ALICE);
  assert.equal(last.session, "ss_1", "the living session is carried");
});

test("the token of another user is not adopted over a connected one", async () => {
  const { browser, server, gateway } = page();
  await gateway.init({ smallcaseAuthToken: ALICE });
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected(BOB));
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
  server.other = () => ok({});
  await gateway.brokerLogout();
  assert.equal(server.of("init").length, 1);
});
