// The web SDK on a plain partner page: results, refusals, redirect, forged messages, unlisted origins.
import { basket, token } from "../lib/partner.mjs";
import { expect, test } from "../lib/test.mjs";
import { stepOf, walk } from "../lib/user.mjs";

function checkOrderResult(result, id) {
  expect(result).toMatchObject({
    success: true, errors: null, transaction: "TRANSACTION", broker: "kite", transactionId: id, notes: "e2e", status: "COMPLETED",
  });
  expect(result.smallcaseAuthToken).toMatch(/^eyJ/);
  expect(result.data.smallcaseAuthToken).toBe(result.smallcaseAuthToken);
  expect(result.data.batches).toEqual(result.orderBatches);
  expect(result.orderBatches[0]).toMatchObject({ status: "COMPLETED", quantity: 2, filled: 2, broker: "kite" });
}

test("an order resolves with the result object, and the window closes by itself", async ({ open, partner }) => {
  const id = await partner.create(basket("INFY", "ITC"));
  const tab = await open(id);
  const popup = await tab.click();
  await walk(popup);
  const { result } = await tab.outcome();
  checkOrderResult(result, id);
  if (!popup.isClosed()) await popup.waitForEvent("close", { timeout: 10_000 });
});

test("a blocked window goes through a redirect and gives the same result object", async ({ open, partner, page, world }) => {
  await page.addInitScript(() => {
    window.open = () => null;
  });
  const id = await partner.create(basket("INFY", "ITC"));
  await open(id);
  await page.click("#go");
  await page.waitForURL(`${world.gateway}/flow/**`);
  await walk(page);
  await page.waitForURL((url) => url.origin === world.listed, { timeout: 20_000 });
  const back = new URL(page.url());
  expect(back.searchParams.get("transactionId")).toBe(id);
  expect(back.searchParams.get("status")).toBe("COMPLETED");
  await page.waitForFunction(() => window.resumed?.result);
  checkOrderResult(await page.evaluate(() => window.resumed.result), id);
  await page.reload();
  await page.waitForFunction(() => window.resumed !== undefined);
  expect(await page.evaluate(() => window.resumed.result)).toBeNull();
});

test("with flowMode popup a blocked window rejects no_compatible_browser", async ({ open, partner, page }) => {
  await page.addInitScript(() => {
    window.open = () => null;
  });
  const tab = await open(await partner.create({ intent: "CONNECT" }), { config: { flowMode: "popup" } });
  await page.click("#go");
  expect((await tab.outcome()).error).toMatchObject({ message: "no_compatible_browser", code: 7103, name: "ScGatewayError", isError: true });
});

test("rejections carry the exact message and number", async ({ open, partner }) => {
  const user = await partner.connect("kite", "DEMO01");
  const cases = [
    [{ intent: "HOLDINGS_IMPORT" }, undefined, { consent: "deny", account: "EMPTY01" }, "consent_denied", 1003],
    [{ intent: "FETCH_FUNDS" }, token(user), { account: "DEMO02" }, "user_mismatch", 1001],
    [basket("INFY"), undefined, { account: "LOWFUNDS01" }, "user_cancelled", 1012],
  ];
  for (const [body, jwt, plan, message, code] of cases) {
    await test.step(message, async () => {
      const tab = await open(await partner.create(body, jwt), { jwt });
      await tab.page.context().clearCookies();
      await walk(await tab.click(), plan);
      expect((await tab.outcome()).error).toMatchObject({ message, code });
    });
  }
});

test("checks before the window opens, and after", async ({ open, partner, page }) => {
  const malformed = await open("TRX_nothing");
  await page.click("#go");
  expect((await malformed.outcome()).error).toMatchObject({ message: "invalid_transactionId", code: 3002 });
  expect(page.context().pages()).toHaveLength(1);
  const unknown = await open(`TRX_${"0".repeat(32)}`);
  await page.click("#go");
  expect((await unknown.outcome()).error).toMatchObject({ message: "invalid_transactionId", code: 3002 });
  const forged = await open(await partner.create({ intent: "CONNECT" }), { jwt: `${token()}x` });
  await page.click("#go");
  expect((await forged.outcome()).error).toMatchObject({ message: "invalid_jwt", code: 90 });
});

test("a second transaction waits for the first, and a second constructor is the first one", async ({ open, partner }) => {
  const tab = await open(await partner.create({ intent: "CONNECT" }));
  const popup = await tab.click();
  await stepOf(popup);
  const second = await tab.page.evaluate((id) => window.gateway.triggerTransaction({ transactionId: id }).catch((e) => [e.message, e.code]), `TRX_${"1".repeat(32)}`);
  expect(second).toEqual(["transaction_in_process", 3003]);
  expect(await tab.page.evaluate(() => new window.scDK({ gateway: "other" }) === window.gateway)).toBe(true);
  await walk(popup);
  expect((await tab.outcome()).result.transaction).toBe("CONNECT");
});

test("a forged message changes nothing", async ({ open, partner }) => {
  const id = await partner.create({ intent: "CONNECT" });
  const tab = await open(id);
  const popup = await tab.click();
  await stepOf(popup);
  await tab.page.evaluate((transactionId) => {
    for (const nonce of ["n_guess", undefined, ""]) {
      window.postMessage({ source: "torana-gateway", version: 1, type: "flow.update", transactionId, nonce, result: { success: true } }, "*");
    }
  }, id);
  await tab.page.waitForTimeout(500);
  expect(await tab.page.evaluate(() => window.outcome)).toBeNull();
  await walk(popup);
  expect((await tab.outcome()).result.success).toBe(true);
});

test("an unlisted origin gets no headers, no data, and a console text that helps", async ({ open, partner, page, world }) => {
  const texts = [];
  page.on("console", (message) => texts.push(message.text()));
  const blocked = [];
  page.on("requestfailed", (request) => blocked.push(request.url()));
  const tab = await open(await partner.create({ intent: "CONNECT" }), { origin: world.unlisted });
  await page.click("#go");
  expect((await tab.outcome()).error).toMatchObject({ message: "internal_error", code: 2000 });
  expect(blocked.filter((url) => url.includes("/torana/sdk/")).length, "calls that the browser blocked").toBeGreaterThan(0);
  const direct = await fetch(`${world.gateway}/torana/sdk/v1/gatewaydemo/init`, {
    method: "POST",
    headers: { origin: world.unlisted, "x-torana-sdk": "web/1.0.0", "content-type": "application/json" },
    body: JSON.stringify({ smallcaseAuthToken: token(), leprechaunEnabled: false }),
  });
  expect(direct.status).toBe(403);
  expect([...direct.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  expect(texts.join("\n")).toContain(world.unlisted);
});

test("the pages refuse to be framed", async ({ open, partner, page, world }) => {
  const id = await partner.create({ intent: "CONNECT" });
  const tab = await open(id);
  const popup = await tab.click();
  await stepOf(popup);
  const url = popup.url();
  const framed = await page.evaluate(async (src) => {
    const frame = document.createElement("iframe");
    frame.src = src;
    document.body.append(frame);
    await new Promise((done) => (frame.onload = done));
    try {
      return frame.contentDocument?.body?.dataset?.step ?? "blank";
    } catch {
      return "other origin";
    }
  }, url);
  const inside = page.frames().find((frame) => frame !== page.mainFrame());
  const text = inside ? await inside.evaluate(() => document.body?.dataset?.step || "").catch(() => "") : "";
  expect([framed, text].join(" ")).not.toMatch(/brokers|notice|login/);
  expect(url.startsWith(world.gateway)).toBe(true);
});
