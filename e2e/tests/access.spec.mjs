// Every hosted page: no accessibility finding in light and dark, no sideways scrolling at 320 px, and the whole
// way can be gone with the keyboard alone.
import AxeBuilder from "@axe-core/playwright";
import { basket, token } from "../lib/partner.mjs";
import { expect, test } from "../lib/test.mjs";
import { stepOf, walk } from "../lib/user.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function inspect(window, step) {
  for (const colorScheme of ["light", "dark"]) {
    await window.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page: window }).withTags(TAGS).setLegacyMode(true).analyze();
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
    expect.soft(found, `${step} in ${colorScheme}`).toEqual([]);
  }
  await window.emulateMedia({ colorScheme: "light" });
  await window.setViewportSize({ width: 320, height: 640 });
  const width = await window.evaluate(() => document.documentElement.scrollWidth);
  expect.soft(width, `${step} at 320 px`).toBeLessThanOrEqual(320);
  await window.setViewportSize({ width: 480, height: 720 });
  await expect(window.locator("h1"), `${step} has one heading`).toHaveCount(1);
  expect(await window.locator("html").getAttribute("lang")).toBe("en");
  expect(await window.title()).not.toBe("");
}

/** A story whose every page axe examines in two colour schemes; a busy machine takes minutes for it. */
const EXAMINED_MS = 240_000;

const looked = new Set();
const look = async (window, step) => {
  looked.add(step);
  await inspect(window, step);
};

test("an order's pages", async ({ open, partner }) => {
  test.setTimeout(EXAMINED_MS);
  const tab = await open(await partner.create(basket("INFY", "ITC", "RELIANCE")));
  const popup = await tab.click();
  await walk(popup, { until: "brokers" });
  for (const step of ["broker-missing", "open-account", "cancel"]) {
    await popup.locator(`a[href$="/${step}"]`).first().click();
    await look(popup, await stepOf(popup));
    await popup.goBack();
    await stepOf(popup);
  }
  // Orders that fail are explained, for as long as a user needs to read it.
  const steps = await walk(popup, { account: "ORDERFAIL01", look });
  expect(steps, "the user sees what became of the orders").toContain("status");
  expect((await tab.outcome()).result.success).toBe(true);
});

test("an import's pages, with open quantities, short funds and a TPIN besides", async ({ open, partner, page }) => {
  test.setTimeout(EXAMINED_MS);
  let tab = await open(await partner.create({ intent: "HOLDINGS_IMPORT" }));
  await walk(await tab.click(), { account: "DEMO02", look });
  await tab.outcome();
  const sell = basket("ITC");
  sell.orderConfig.securities[0].type = "SELL";
  await page.context().clearCookies();
  tab = await open(await partner.create(sell));
  await walk(await tab.click(), { account: "TPIN01", look });
  await tab.outcome();
  await page.context().clearCookies();
  tab = await open(await partner.create(basket("RELIANCE")));
  await walk(await tab.click(), { account: "LOWFUNDS01", look });
  await tab.outcome();
  const user = await partner.connect("kite", "DEMO01");
  await page.context().clearCookies();
  tab = await open(await partner.create({ intent: "FETCH_FUNDS" }, token(user)), { jwt: token(user) });
  await walk(await tab.click(), { account: "DEMO02", look });
  await tab.outcome();
  const undecided = { intent: "TRANSACTION", orderConfig: { type: "SECURITIES", securities: [{ ticker: "INFY" }, { ticker: "ITC" }] } };
  tab = await open(await partner.create(undecided));
  const popup = await tab.click();
  await walk(popup, { until: "review", account: "DEMO02", look });
  await popup.click("button[value=confirm]");
  await popup.waitForSelector(".field-error");
  await inspect(popup, "review with errors");
  await popup.close();
  await tab.outcome();
  for (const step of ["brokers", "notice", "kite", "consent", "review", "checks", "authorise", "mismatch"]) {
    expect([...looked], "pages that were looked at").toContain(step);
  }
});

/** Presses Tab until the wanted element has the focus, and checks that the focus can be seen. */
async function tabTo(window, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    await window.keyboard.press("Tab");
    const state = await window.evaluate((wanted) => {
      const element = document.activeElement;
      if (!element?.matches(wanted)) return null;
      const marked = element.matches("input[type=radio]") ? element.closest("label") || element : element;
      const shows = [element, marked, element.nextElementSibling].filter(Boolean).map((one) => getComputedStyle(one));
      return shows.some((style) => (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none");
    }, selector);
    if (state !== null) {
      expect(state, `the focus on ${selector} can be seen`).toBe(true);
      return;
    }
  }
  throw new Error(`${selector} cannot be reached with Tab: ${await window.locator("main").innerText()}`);
}

test("the whole way with the keyboard alone", async ({ open, partner }) => {
  const tab = await open(await partner.create(basket("INFY")));
  const popup = await tab.click();
  const keys = {
    brokers: async () => (await tabTo(popup, "button[name=broker]"), popup.keyboard.press("Enter")),
    notice: async () => (await tabTo(popup, "button[value=continue]"), popup.keyboard.press("Enter")),
    kite: async () => {
      await tabTo(popup, "input[name=account]");
      await popup.keyboard.press("ArrowDown");
      await tabTo(popup, "main button[type=submit]");
      await popup.keyboard.press("Space");
    },
    review: async () => (await tabTo(popup, "button[value=confirm]"), popup.keyboard.press("Enter")),
    status: async () => (await tabTo(popup, "button[value=finish]"), popup.keyboard.press("Enter")),
  };
  for (let pages = 0; pages < 20 && !popup.isClosed(); pages += 1) {
    const step = await stepOf(popup).catch(() => "done");
    if (step === "done") break;
    if (keys[step]) await keys[step]();
    await popup.waitForFunction((was) => document.body?.dataset.step !== was, step, { timeout: 15_000 }).catch(() => {});
  }
  expect((await tab.outcome()).result.orderBatches[0].status).toBe("COMPLETED");
});

test("the demo shop itself", async ({ page, world }) => {
  await page.goto(world.shop);
  await expect(page.getByTestId("connect")).toBeVisible();
  await inspect(page, "shop");
});
