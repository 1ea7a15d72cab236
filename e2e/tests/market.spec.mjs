// What an exchange does besides filling at once, seen by a user in the window: it is closed, it waits for a price,
// it fills half, it wants the depository's word, it wants money that is not there.
import { GATEWAY, basket, token } from "../lib/partner.mjs";
import { expect, test } from "../lib/test.mjs";
import { depositoryLink, inTab, walk } from "../lib/user.mjs";

const AFTER_HOURS = "2026-01-05T14:30:00.000Z";
const NEXT_MORNING = "2026-01-06T05:00:00.000Z";
const START = "2026-01-05T04:30:00.000Z";

const order = (line) => ({ intent: "TRANSACTION", orderConfig: { type: "SECURITIES", securities: [line] } });

async function batchOf(partner, id) {
  return (await partner.details(id)).transactionDetails.success.data.batches[0];
}

async function becomes(partner, id, status) {
  await expect.poll(async () => (await batchOf(partner, id)).status, { timeout: 20_000 }).toBe(status);
  return batchOf(partner, id);
}

/** Closes the window once the broker has the order: the promise then settles by what is proven. */
async function closeWhenTaken(popup, partner, id) {
  await popup.waitForSelector("body[data-step=progress]");
  const isTaken = async () => (await batchOf(partner, id)).orders[0].exchangeOrderId !== null;
  await expect.poll(isTaken).toBe(true);
  await popup.close();
}

/** The last price and the holding of an account, as its partner sees them after an import. */
async function fillOne(partner, ticker) {
  const jwt = token();
  const id = await partner.create(order({ ticker, quantity: 1, type: "BUY" }), jwt);
  await partner.sandbox(`transactions/${id}/complete?waitMs=5000`, { decision: "approve", broker: "kite", account: "DEMO02" }, jwt);
  return (await becomes(partner, id, "COMPLETED")).orders[0].averagePrice;
}

// The worker's world is shared with other tests: each begins, and leaves it, on the same Monday morning.
test.beforeEach(({ partner }) => partner.sandbox("reset", { scope: "exchange", startAt: START, freeze: true }));
test.afterEach(({ partner }) => partner.sandbox("reset", { scope: "exchange", startAt: START }));

test("a closed market ends the flow with 4004 where the partner takes no after-market orders", async ({ open, partner }) => {
  await partner.sandbox("clock", { set: AFTER_HOURS });
  const id = await partner.create(basket("INFY"));
  const tab = await open(id);
  const steps = await walk(await tab.click());
  expect(steps, "nothing is offered that cannot be had").not.toContain("market");
  expect((await tab.outcome()).error).toMatchObject({ message: "market_closed", code: 4004 });
  expect(await partner.rawStatus(id)).toBe("ERRORED");
});

test("an after-market order is offered, placed, and filled when the next session opens", async ({ open, partner }) => {
  await partner.sandbox("clock", { set: AFTER_HOURS });
  const id = await partner.create(basket("INFY"));
  const tab = await open(id, { config: { amo: true } });
  const popup = await tab.click();
  let offer = "";
  const steps = await walk(popup, {
    market: "amo",
    look: async (window, step) => {
      if (step === "market") offer = await window.locator("main").innerText();
    },
  });
  expect(steps).toContain("market");
  expect(offer, "the page says when it will be sent").toMatch(/6 Jan/);
  expect((await tab.outcome()).result.orderBatches[0]).toMatchObject({ variety: "amo", status: "PLACED" });
  await partner.sandbox("clock", { set: NEXT_MORNING });
  expect((await becomes(partner, id, "COMPLETED")).orders[0].filledQuantity).toBe(1);
});

test("a limit order rests, and fills at its own price when the market comes down to it", async ({ open, partner }) => {
  const price = Math.floor((await fillOne(partner, "ITC")) * 0.97);
  const id = await partner.create(order({ ticker: "ITC", quantity: 3, type: "BUY", orderType: "LIMIT", price }));
  const tab = await open(id);
  const popup = await tab.click();
  let shown = "";
  await walk(popup, {
    until: "progress",
    look: async (window, step) => {
      if (step === "review") shown = await window.locator("main").innerText();
    },
  });
  expect(shown, "the review shows the limit").toContain(String(price));
  await closeWhenTaken(popup, partner, id);
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("PLACED");
  await partner.sandbox("prices", { ticks: [{ ticker: "ITC", price: price - 1 }] });
  await partner.sandbox("clock", { advance: "PT2M" });
  const [filled] = (await becomes(partner, id, "COMPLETED")).orders;
  expect([filled.filledQuantity, filled.averagePrice]).toEqual([3, price]);
});

test("half of an order fills, and the close ends the rest", async ({ open, partner }) => {
  const id = await partner.create(order({ ticker: "INFY", quantity: 4, type: "BUY" }));
  const tab = await open(id);
  const popup = await tab.click();
  await walk(popup, { account: "PARTIAL01", until: "progress" });
  await closeWhenTaken(popup, partner, id);
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("PLACED");
  expect(await partner.rawStatus(id)).toBe("PROCESSING");
  await partner.sandbox("clock", { set: AFTER_HOURS });
  const [half] = (await becomes(partner, id, "PARTIALLYFILLED")).orders;
  expect([half.filledQuantity, half.quantity]).toEqual([2, 4]);
});

test("a sale without a standing authorisation goes through the depository, which refuses a wrong TPIN", async ({ open, partner }) => {
  const id = await partner.create(order({ ticker: "ITC", quantity: 1, type: "SELL" }));
  const tab = await open(id);
  const popup = await tab.click();
  await walk(popup, { account: "TPIN01", until: "authorise" });
  const depository = await inTab(popup, depositoryLink(popup));
  await depository.fill("input[name=tpin]", "000000");
  await depository.click("button[value=confirm]");
  await expect(depository.locator("main")).toContainText("TPIN is wrong");
  await depository.close();
  await popup.click("button[value=authorise]");
  await expect(popup.locator(".field-error, [role=alert]").first()).toBeVisible();
  expect(await partner.rawStatus(id), "nothing was sent").toBe("USED");
  await walk(popup, { account: "TPIN01" });
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
  expect((await becomes(partner, id, "COMPLETED")).orders[0].transactionType).toBe("SELL");
});

test("money that is short: leaving cancels, going on shows what the broker refused", async ({ open, partner, page }) => {
  const left = await partner.create(basket("RELIANCE"));
  let tab = await open(left);
  const steps = await walk(await tab.click(), { account: "LOWFUNDS01" });
  expect(steps).toContain("checks");
  expect((await tab.outcome()).error).toMatchObject({ message: "user_cancelled", code: 1012 });
  expect(await partner.rawStatus(left)).toBe("CANCELLED");
  await page.context().clearCookies();
  const sent = await partner.create(basket("RELIANCE"));
  tab = await open(sent);
  await walk(await tab.click(), { account: "LOWFUNDS01", short: "proceed" });
  await tab.outcome();
  const batch = await becomes(partner, sent, "UNPLACED");
  expect(batch.unplaced[0].errorCode).toBe("marginsExceeded");
});

test("an intent that needs smallcases is refused in plain words, not played", async ({ partner }) => {
  const jwt = token(await partner.connect("kite", "DEMO01"));
  const headers = { "x-gateway-secret": "gatewayDemo_secret", "x-gateway-authtoken": jwt, "content-type": "application/json" };
  const body = JSON.stringify({ intent: "CANCEL_AMO", orderConfig: { iscid: "5f9a7f3c1d2b3a4c5d6e7f80" } });
  const answer = await fetch(`${partner.gateway}/gateway/${GATEWAY}/transaction`, { method: "POST", headers, body });
  expect([answer.status, (await answer.json()).errors[0]]).toEqual([403, "intent_not_enabled"]);
});
