import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_MESSAGES } from "../src/error-table.js";
import { ALICE, fail, GUEST, HOST, ok, resolved, TRX } from "./fake-server.js";
import { FakeBrowser } from "./fake-browser.js";
import { page, refused, watch } from "./setup.js";

const ISCID = "60c72b2f9b1e8a0012345678";

test("brokerLogout: resolves, or rejects with the server's reason", async () => {
  const { server, gateway } = page({}, new FakeBrowser(), ALICE);
  server.other = () => ok({});
  assert.deepEqual(await gateway.brokerLogout({}), { success: true });
  assert.deepEqual(server.of("logout")[0]?.body, {});
  server.other = () => fail(403, "connected_user_required", 2000, "internal_error");
  await refused(gateway.brokerLogout(), 2000, "internal_error");
});

test("markArchived: the batches are nested twice", async () => {
  const { server, gateway } = page({}, new FakeBrowser(), ALICE);
  server.other = () => ok({ orderBatches: [[{ iscid: ISCID, status: "MARKEDCOMPLETE" }]] });
  const result = await gateway.markArchived({ iscid: ISCID });
  assert.deepEqual(result, { success: true, orderBatches: [[{ iscid: ISCID, status: "MARKEDCOMPLETE" }]] });
  assert.deepEqual(server.of("markArchived")[0]?.body, { iscid: ISCID });
});

test("markArchived: refusals", async () => {
  const { server, gateway } = page({}, new FakeBrowser(), ALICE);
  for (const bad of [undefined, null, {}, { iscid: 5 }, { iscid: "" }]) {
    await refused(gateway.markArchived(bad as { iscid: string }), 3004, "init_sdk");
  }
  assert.equal(server.seen.length, 0);
  server.other = () => fail(404, "investment_not_found", 3004, "init_sdk");
  await refused(gateway.markArchived({ iscid: ISCID }), 3004, "init_sdk");
  server.other = () => fail(422, "smallcase_archived", 7106);
  await refused(gateway.markArchived({ iscid: ISCID }), 7106, "smallcase_archived");
  server.other = () => fail(404, "route_not_found");
  await refused(gateway.markArchived({ iscid: ISCID }), 2000, "internal_error");
  server.other = () => ok({});
  await refused(gateway.markArchived({ iscid: ISCID }), 2000, "internal_error");
});

test("openSmallplug is honest about what is not there, and opens no window", async () => {
  const { browser, server, gateway } = page();
  await refused(gateway.openSmallplug({ targetEndpoint: "discovery/all" }), 2000, "internal_error");
  assert.equal(browser.popups.length, 0);
  assert.equal(server.seen.length, 0);
});

test("triggerLeadGen: a flow of its own, read as a transaction's", async () => {
  const { browser, server, gateway } = page();
  server.start = () =>
    ok({ startUrl: `${HOST}/flow/start`, handle: "h_1", nonce: "n_1", leadFlowId: "60c72b2f9b1e8a0012345bbb" });
  const lead = watch(gateway.triggerLeadGen({ name: "A", contact: "9800000000" }, { utmParams: { utm_source: "x" }, showLoginCta: true }));
  assert.equal(browser.log[0], "open window");
  await browser.settle();
  assert.deepEqual(server.of("leads")[0]?.body, {
    name: "A", contact: "9800000000", utmParams: { utm_source: "x" }, showLoginCta: true, flowMode: "popup", returnUrl: null,
  });
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 3003, "transaction_in_process");
  server.settlement = resolved({ leadId: null, status: "VERIFICATION" });
  await browser.advance(2000);
  assert.deepEqual(lead.value, { leadId: null, status: "VERIFICATION" });
  assert.equal(server.of("state")[0]?.path, "transactions/60c72b2f9b1e8a0012345bbb/state");
});

test("triggerLeadGen: window closed while empty resolves with the first state, route missing rejects", async () => {
  const { browser, server, gateway } = page();
  server.start = () => ok({ startUrl: `${HOST}/flow/start`, handle: "h", nonce: "n", leadFlowId: "l1" });
  const lead = watch(gateway.triggerLeadGen());
  browser.popup.closed = true;
  await browser.settle();
  assert.deepEqual(lead.value, { leadId: null, status: "INITIALIZED" });
  server.start = () => fail(404, "route_not_found");
  await refused(gateway.triggerLeadGen(), 2000, "internal_error");
  assert.ok(browser.popup.closed);
});

test("what has no JSON form is refused, and nothing stays open", async () => {
  const { gateway } = page();
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  await refused(gateway.triggerLeadGen({}, { utmParams: loop as Record<string, string> }), 2000, "internal_error");
  assert.equal((await gateway.init({ smallcaseAuthToken: GUEST })).success, true);
});

test("the table of the contract: numbers and exact messages", () => {
  const byMessage: Record<string, number[]> = {
    internal_error: [30, 60, 2000], invalid_jwt: [90], invalid_gateway: [100], user_mismatch: [1001],
    user_cancelled: [1002, 1010, 1011, 1012], consent_denied: [1003], insufficient_holdings: [1004],
    transaction_expired: [1005, 3001], no_broker: [1006, 1007, 1008], user_consent_denied: [1013],
    holdings_import_error: [2001], intent_not_enabled_for_broker: [3000], invalid_transactionId: [3002],
    transaction_in_process: [3003], init_sdk: [3004], already_subscribed: [4000], CHECK_VIOLATED: [4001],
    timed_out: [4003], market_closed: [4004, 4005], order_pending: [4006], invalid_elementorselector: [7101],
    invalid_user_data: [7102], no_compatible_browser: [7103], trading_not_enabled: [7104], no_order: [7105],
    smallcase_archived: [7106], webhook_unreachable: [7107], order_in_queue: [7108],
  };
  const expected = Object.entries(byMessage).flatMap(([message, codes]) => codes.map((code) => [code, message] as const));
  assert.deepEqual(
    Object.entries(ERROR_MESSAGES).map(([code, message]) => [Number(code), message]),
    expected.map(([code, message]) => [code, message]).sort((a, b) => Number(a[0]) - Number(b[0])),
  );
});
