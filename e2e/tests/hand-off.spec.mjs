// Orders that the user confirms on the broker's own page: the browser carries them there and comes back.
import { basket } from "../lib/partner.mjs";
import { expect, test } from "../lib/test.mjs";
import { stepOf, walk } from "../lib/user.mjs";

test.use({ settings: ["--brokers.kite.mode", "hand-off"] });

test("confirmed there, filled, and told to the partner", async ({ open, partner }) => {
  const tab = await open(await partner.create(basket("INFY", "ITC")));
  const steps = await walk(await tab.click());
  expect(steps.filter((step) => step === "kite"), "the login and the basket").toHaveLength(2);
  const { result } = await tab.outcome();
  expect(result.orderBatches[0].status).toBe("COMPLETED");
  expect(result.orderBatches[0].orders.map((order) => order.evidence)).toEqual(["order_book", "order_book"]);
});

test("left there, thought better of, and confirmed", async ({ open, partner }) => {
  const id = await partner.create(basket("RELIANCE"));
  const tab = await open(id);
  const popup = await tab.click();
  await walk(popup, { until: "review", account: "DEMO02" });
  await popup.click("button[value=confirm]");
  await popup.waitForSelector("body[data-step=kite]");
  expect(await partner.rawStatus(id), "committed before the browser leaves").toBe("PROCESSING");
  await popup.click("button[value=cancel]");
  await popup.waitForSelector("body[data-step=hand-off]");
  expect(await stepOf(popup)).toBe("hand-off");
  await walk(popup, { account: "DEMO02" });
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
});
