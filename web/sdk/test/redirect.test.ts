import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScDKConfig } from "../src/types.js";
import { FakeBrowser } from "./fake-browser.js";
import { ALICE, BOB, connected, fail, GUEST, ok, rejected, resolved, TRX } from "./fake-server.js";
import { assertRejected, driven, type Page, page, refused, watch } from "./setup.js";

/** A page that was left for the hosted pages, and the page that the user came back to. */
async function returned(config: ScDKConfig = {}, token = GUEST): Promise<{ left: Page; back: Page }> {
  const left = page(config);
  left.browser.popupsAllowed = false;
  void left.gateway.triggerTransaction({ transactionId: TRX });
  await left.browser.settle();
  return { left, back: page(config, new FakeBrowser(left.browser.storage), token) };
}

test("popup blocked: the same form in the page itself, with the return address", async () => {
  const { left } = await returned();
  assert.deepEqual(left.browser.forms, [
    { action: "https://torana.example/flow/start", field: "handle", value: "h_1", into: "page" },
  ]);
  const { flowMode, returnUrl } = left.server.of("start")[0]?.body ?? {};
  assert.equal(flowMode, "redirect");
  assert.equal(returnUrl, "https://shop.example/basket?x=1");
});

test("flowMode redirect opens no window although it could", async () => {
  const { browser, gateway } = page({ flowMode: "redirect" });
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.settle();
  assert.equal(browser.popups.length, 0);
  assert.equal(browser.forms[0]?.into, "page");
});

test("the tab remembers transaction, gateway and session, and nothing else", async () => {
  const { left } = await returned();
  const [text = ""] = left.browser.storage.values();
  assert.deepEqual(JSON.parse(text), { transactionId: TRX, gateway: "gatewaydemo", sdkSession: "ss_1" });
});

test("resumeTransaction gives the same result object, without a new init", async () => {
  const { back } = await returned();
  back.server.settlement = resolved(connected());
  assert.deepEqual(await driven(back.browser, back.gateway.resumeTransaction()), connected());
  assert.deepEqual(back.server.seen.map((seen) => `${seen.path} ${seen.session}`), [`transactions/${TRX}/state ss_1`]);
  assert.equal(back.browser.storage.size, 0);
  assert.equal(await back.gateway.resumeTransaction(), null);
});

test("resumeTransaction rejects like triggerTransaction", async () => {
  const { back } = await returned();
  back.server.settlement = rejected(1003, "consent_denied", { smallcaseAuthToken: ALICE, broker: "kite" });
  const error = await refused(driven(back.browser, back.gateway.resumeTransaction()), 1003, "consent_denied");
  assert.equal(error.data?.broker, "kite");
});

test("nothing pending: null; another gateway's or a broken record counts as nothing", async () => {
  assert.equal(await page().gateway.resumeTransaction(), null);
  for (const record of ["", "x", "[]", "{}", JSON.stringify({ transactionId: TRX, gateway: "other", sdkSession: "s" }),
    JSON.stringify({ transactionId: TRX, gateway: "gatewaydemo" })]) {
    const browser = new FakeBrowser(new Map([["torana_gateway", record]]));
    assert.equal(await page({}, browser).gateway.resumeTransaction(), null, record);
  }
});

test("a browser without session storage still works, only resuming does not", async () => {
  const { browser, server, gateway } = page();
  browser.storageBroken = true;
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  server.settlement = resolved(connected());
  await browser.advance(2000);
  assert.equal(trigger.state, "resolved");
  assert.equal(await gateway.resumeTransaction(), null);
});

test("resuming twice, or while it is open, gives the same promise", async () => {
  const { back } = await returned();
  const first = watch(back.gateway.resumeTransaction());
  const second = watch(back.gateway.resumeTransaction());
  await back.browser.advance(1000);
  await refused(back.gateway.init({ smallcaseAuthToken: GUEST }), 3003, "transaction_in_process");
  back.server.settlement = resolved(connected());
  await back.browser.advance(2000);
  assert.equal(first.value, second.value);
  assert.equal(first.state, "resolved");
});

test("user came back by the back button: reported once no page is there, then cancelled", async () => {
  const { back } = await returned();
  back.server.state = { page: "gone" };
  back.server.closed = () => {
    back.server.settlement = rejected(1010, "user_cancelled");
    return ok(back.server.stateData());
  };
  const resume = watch(back.gateway.resumeTransaction());
  await back.browser.advance(5000);
  assertRejected(resume, 1010, "user_cancelled");
});

test("a reloaded page with its window still open reports nothing", async () => {
  const { back } = await returned();
  const resume = watch(back.gateway.resumeTransaction());
  await back.browser.advance(30_000);
  assert.equal(back.server.of("closed").length, 0);
  assert.equal(resume.state, "pending");
});

test("triggerTransaction with the same id after resuming reopens the window and carries the session", async () => {
  const { back } = await returned();
  const resume = watch(back.gateway.resumeTransaction());
  await back.browser.advance(3000);
  const again = watch(back.gateway.triggerTransaction({ transactionId: TRX }));
  await back.browser.advance(100);
  assert.equal(back.browser.popups.length, 1);
  assert.equal(back.server.of("init")[0]?.session, "ss_1");
  assert.equal(back.server.of("start")[0]?.session, "ss_1");
  back.server.settlement = resolved(connected());
  await back.browser.advance(2000);
  assert.equal(resume.value, again.value);
  assert.equal(again.state, "resolved");
});

test("triggerTransaction on a reloaded page, without resuming, carries the session too", async () => {
  const { back } = await returned();
  void back.gateway.triggerTransaction({ transactionId: TRX });
  await back.browser.settle();
  assert.equal(back.server.of("init")[0]?.session, "ss_1");
});

test("another user's record: the server knows no such flow, nothing is adopted, the record goes", async () => {
  const { back } = await returned({}, BOB);
  back.server.read = () => fail(404, "invalid_transactionId", 3002);
  await refused(driven(back.browser, back.gateway.resumeTransaction()), 3002, "invalid_transactionId");
  assert.equal(back.browser.storage.size, 0);
});

test("a resumed result of another user does not change who the page is", async () => {
  const { back } = await returned({}, BOB);
  back.server.settlement = resolved(connected(ALICE));
  await driven(back.browser, back.gateway.resumeTransaction());
  back.server.other = () => ok({});
  await back.gateway.brokerLogout();
  assert.equal(back.server.of("init")[0]?.body["smallcaseAuthToken"], BOB);
});

test("a page that is being left does not poll; one restored from the cache does, and settles", async () => {
  const left = page({ flowMode: "redirect" });
  const trigger = watch(left.gateway.triggerTransaction({ transactionId: TRX }));
  await left.browser.advance(30_000);
  assert.equal(left.server.of("state").length, 0);
  left.server.settlement = rejected(1010, "user_cancelled");
  left.browser.restore();
  await left.browser.advance(100);
  assertRejected(trigger, 1010, "user_cancelled");
  assert.equal(left.browser.leftovers, 0);
});

test("a page that was never left reads the state after a minute", async () => {
  const left = page({ flowMode: "redirect" });
  const trigger = watch(left.gateway.triggerTransaction({ transactionId: TRX }));
  left.server.settlement = rejected(3001, "transaction_expired");
  await left.browser.advance(60_000);
  assertRejected(trigger, 3001, "transaction_expired");
});

test("a refused start in redirect mode leaves the page where it is", async () => {
  const left = page({ flowMode: "redirect" });
  left.server.start = () => fail(422, "no_broker", 1008);
  await refused(left.gateway.triggerTransaction({ transactionId: TRX }), 1008, "no_broker");
  assert.equal(left.browser.forms.length, 0);
  assert.equal(left.browser.storage.size, 0);
});

test("reopening by redirect stops polling, so that leaving is not taken for closing", async () => {
  const { browser, server, gateway } = page();
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.advance(4000);
  browser.popup.closed = true;
  browser.popupsAllowed = false;
  server.state = { page: "gone" };
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.advance(100);
  const before = server.seen.length;
  await browser.advance(20_000);
  assert.equal(browser.forms.at(-1)?.into, "page");
  assert.equal(server.seen.length, before);
  assert.equal(browser.storage.size, 1);
});

test("a window opened after the page came back is kept, and closed at the end", async () => {
  const { browser, server, gateway } = page();
  browser.popupsAllowed = false;
  const trigger = watch(gateway.triggerTransaction({ transactionId: TRX }));
  await browser.advance(1000);
  browser.restore();
  await browser.advance(1000);
  browser.popupsAllowed = true;
  void gateway.triggerTransaction({ transactionId: TRX });
  await browser.advance(70_000);
  server.settlement = resolved(connected());
  await browser.advance(5000);
  assert.equal(trigger.state, "resolved");
  assert.ok(browser.popup.closed);
});
