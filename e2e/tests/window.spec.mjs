// The window closed by the user at each step: the promise settles with that step's number,
// the server keeps its status, and the same page can go on.
import { basket } from "../lib/partner.mjs";
import { expect, test } from "../lib/test.mjs";
import { walk } from "../lib/user.mjs";

const order = basket("INFY");
const importing = { intent: "HOLDINGS_IMPORT" };

async function isTaken(partner, id) {
  const { success } = (await partner.details(id)).transactionDetails;
  return success.data.batches[0].orders[0].exchangeOrderId !== null;
}

for (const [step, body, code, status] of [
  ["brokers", order, 1010, "INITIALIZED"],
  ["notice", order, 1010, "INITIALIZED"],
  ["login", order, 1011, "INITIALIZED"],
  ["review", order, 1012, "USED"],
  ["consent", importing, 1012, "USED"],
]) {
  test(`closed at ${step}: user_cancelled ${code}, ${status}`, async ({ open, partner }) => {
    const id = await partner.create(body);
    const tab = await open(id);
    const popup = await tab.click();
    // A broker whose login page is ours.
    await walk(popup, { until: step, account: "PARTIAL01", broker: "upstox" });
    await popup.close();
    expect((await tab.outcome()).error).toMatchObject({ message: "user_cancelled", code });
    expect(await partner.rawStatus(id)).toBe(status);
  });
}

test("after a close the same page opens the flow again and finishes it", async ({ open, partner }) => {
  const id = await partner.create(order);
  const tab = await open(id);
  const first = await tab.click();
  await walk(first, { until: "review", account: "DEMO02" });
  await first.close();
  expect((await tab.outcome()).error.code).toBe(1012);
  await tab.page.evaluate(() => {
    window.outcome = null;
  });
  const second = await tab.click();
  const steps = await walk(second);
  expect(steps).not.toContain("kite");
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
});

test("closed at the broker's own page: nobody knows, until the same page opens the flow again", async ({ open, partner }) => {
  const id = await partner.create(order);
  const tab = await open(id);
  const first = await tab.click();
  await walk(first, { until: "kite" });
  await first.close();
  await tab.page.waitForTimeout(6_000);
  expect(await tab.page.evaluate(() => window.outcome)).toBeFalsy();
  const steps = await walk(await tab.click(), { account: "DEMO02" });
  expect(steps).toContain("kite");
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
});

test("closed after the orders were sent: still an order result", async ({ open, partner }) => {
  const id = await partner.create(order);
  const tab = await open(id);
  const popup = await tab.click();
  await walk(popup, { until: "review", account: "SLOW01" });
  await popup.click("button[value=confirm]");
  await popup.waitForSelector("body[data-step=progress], body[data-step=status]");
  // Five seconds after a close the promise settles by what is proven; here that the broker took the order.
  await expect.poll(() => isTaken(partner, id)).toBe(true);
  await popup.close();
  const { result } = await tab.outcome();
  expect(result.orderBatches[0].status).toBe("PLACED");
  expect(await partner.rawStatus(id)).toBe("PROCESSING");
});

test("reloading and going back keep the flow whole", async ({ open, partner }) => {
  const tab = await open(await partner.create(order));
  const popup = await tab.click();
  await walk(popup, { until: "kite", account: "DEMO02" });
  await popup.reload();
  await popup.goBack();
  await popup.goForward();
  await walk(popup, { account: "DEMO02" });
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
});
