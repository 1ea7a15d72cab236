// A user at the hosted pages, in a real browser.
import { expect } from "@playwright/test";

const PAGES_MAX = 30;
const STEP_MS = 20_000;

/** Name of the hosted step on the screen, once there is one. */
export async function stepOf(window) {
  const body = window.locator("body[data-step]");
  await body.waitFor({ timeout: STEP_MS });
  return body.getAttribute("data-step");
}

/** Waits until the window shows another step than `step`, or is gone. */
async function leave(window, step) {
  const started = Date.now();
  while (!window.isClosed() && Date.now() - started < STEP_MS) {
    const now = await window.locator("body").getAttribute("data-step", { timeout: 1000 }).catch(() => null);
    if (now && now !== step) return;
    await window.waitForTimeout(50).catch(() => {});
  }
  if (!window.isClosed()) throw new Error(`the window stays at ${step}: ${await window.locator("main").innerText()}`);
}

async function pickBroker(window, key) {
  const tile = window.locator(`button[name=broker][value=${key}]`);
  if (!(await tile.isVisible())) await window.locator("details.more > summary").click();
  await tile.click();
}

async function logIn(window, plan) {
  const known = window.locator(`input[name=account][value="${plan.account}"]`);
  if (await known.count()) await window.locator("label.pick-row", { has: known }).click();
  else await window.fill("input[name=account__other]", plan.account);
  await window.click("main button[type=submit]");
}

/** The tab that a link opens. */
export async function inTab(window, link) {
  const [tab] = await Promise.all([window.context().waitForEvent("page"), link.click()]);
  return tab;
}

/** The link to the depository's page, where a broker has one. */
export const depositoryLink = (window) => window.locator('a[href*="/connect/portfolio/authorise/"]');

async function clearInTab(window, link) {
  const tab = await inTab(window, link);
  await tab.fill("input[name=tpin]", "123456");
  await tab.click("button[value=confirm]");
  await tab.waitForSelector("body[data-step=kite-end]");
  await tab.close();
}

const ACTIONS = {
  brokers: (window, plan) => pickBroker(window, plan.broker),
  notice: (window) => window.click("button[value=continue]"),
  session: (window) => window.click("button[value=continue]"),
  // Our own form, the page on the way to the broker's, or the one that offers to go there again.
  login: async (window, plan) => {
    if (await window.locator("input[name^=account]").count()) return logIn(window, plan);
    const again = window.locator("main button[type=submit]");
    if (await again.count()) await again.click();
  },
  // The broker's own page, on an origin of its own.
  kite: logIn,
  // The page's script leaves for the broker at once; the page that waits there has a button.
  "hand-off": (window) => window.click("button[value=continue]", { timeout: 5_000 }).catch(() => {}),
  consent: (window, plan) => window.click(`button[value=${plan.consent}]`),
  review: (window) => window.click("button[value=confirm]"),
  checks: (window, plan) => window.click(`button[value=${plan.short}]`),
  authorise: async (window) => {
    const elsewhere = depositoryLink(window);
    if (await elsewhere.count()) await clearInTab(window, elsewhere);
    else await window.fill("input[name=tpin]", "123456");
    await window.click("button[value=authorise]");
  },
  market: (window, plan) => window.click(`button[value=${plan.market}]`),
  status: (window) => window.click("button[value=finish]"),
  mismatch: (window) => window.click("button[value=finish]"),
};

// The partner's page closes the window when it has what it waits for, be it under the user's finger.
const LAST = ["status", "mismatch"];

const DEFAULTS = { broker: "kite", account: "DEMO01", consent: "accept", short: "leave", market: "leave" };

/**
 * Goes through the flow until its window closes, its last page shows, or `until` is on the screen. `look` is
 * called on every page. Returns the steps that were seen.
 */
export async function walk(window, { until = null, look = null, ...rest } = {}) {
  const plan = { ...DEFAULTS, ...rest };
  const seen = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    if (window.isClosed()) return seen;
    const step = await stepOf(window).catch((error) => {
      if (window.isClosed()) return null;
      throw error;
    });
    if (!step) return seen;
    seen.push(step);
    if (step !== "loading" && step !== "progress") {
      await look?.(window, step).catch((error) => {
        // The last pages close by themselves, also while somebody looks.
        if (!window.isClosed()) throw error;
      });
    }
    if (step === until || step === "done") return seen;
    if (!["loading", "progress"].includes(step)) {
      expect(Object.keys(ACTIONS), `a step the user knows, after ${seen}`).toContain(step);
      await ACTIONS[step](window, plan).catch((error) => {
        if (!LAST.includes(step) || !window.isClosed()) throw error;
      });
    }
    await leave(window, step);
  }
  throw new Error(`the flow does not end: ${seen}`);
}
