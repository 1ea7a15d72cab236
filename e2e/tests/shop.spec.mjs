// What a new user does: the demo shop from the first click to filled orders, verified webhooks, holdings, funds.
import { expect, test } from "../lib/test.mjs";
import { walk } from "../lib/user.mjs";

async function inWindow(page, button, plan) {
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.getByTestId(button).click()]);
  const steps = await walk(popup, plan);
  return { popup, steps };
}

test("connect, buy a basket, see it filled, verify the webhooks, import holdings, read funds", async ({ page, world }) => {
  await page.goto(world.shop);
  const { steps } = await inWindow(page, "connect");
  expect(steps).toEqual(expect.arrayContaining(["brokers", "notice", "kite"]));
  await expect(page.getByTestId("broker")).toHaveText("kite");
  await expect(page.getByTestId("auth-id")).toHaveText(/^[0-9a-f]{24}$/);

  await inWindow(page, "buy");
  const fills = page.getByTestId("fills").locator("li");
  await expect(fills).toHaveCount(3);
  for (const ticker of ["INFY", "ITC", "RELIANCE"]) {
    await expect(page.locator(`[data-ticker=${ticker}]`)).toHaveAttribute("data-status", "COMPLETE");
  }
  await expect(page.getByTestId("batch-status")).toHaveText("completed");

  const inbox = page.getByTestId("inbox").locator("li");
  for (const event of ["order.placed", "order.completed"]) {
    await expect(inbox.and(page.locator(`[data-event="${event}"]`)).first()).toHaveAttribute("data-verified", "true");
  }

  await inWindow(page, "holdings");
  await expect(page.getByTestId("holdings-table")).toContainText("INFY");
  await expect(page.locator('[data-event="holdings.imported"]').first()).toHaveAttribute("data-verified", "true");

  await inWindow(page, "funds");
  await expect(page.getByTestId("funds-result")).toContainText("₹");

  // Every proof held; a wrong one would show here.
  await expect(page.locator('[data-verified="false"]')).toHaveCount(0);
});

test("log out, and the next login asks for the account again", async ({ page, world }) => {
  await page.goto(world.shop);
  await inWindow(page, "connect");
  await expect(page.getByTestId("broker")).toHaveText("kite");
  await page.getByTestId("logout").click();
  await expect(page.getByTestId("connect")).toBeVisible();
  const { steps } = await inWindow(page, "connect", { account: "DEMO02" });
  expect(steps).toContain("kite");
  await expect(page.getByTestId("auth-id")).toHaveText(/^[0-9a-f]{24}$/);
});

test("with blocked pop-ups the shop goes through a redirect and resumes", async ({ page, world }) => {
  await page.addInitScript(() => {
    window.open = () => null;
  });
  await page.goto(world.shop);
  await page.getByTestId("connect").click();
  await page.waitForURL(`${world.gateway}/flow/**`);
  await walk(page);
  await page.waitForURL(`${world.shop}/**`);
  await expect(page.getByTestId("broker")).toHaveText("kite");
  await page.getByTestId("buy").click();
  await page.waitForURL(`${world.gateway}/flow/**`);
  await walk(page);
  await page.waitForURL(`${world.shop}/**`);
});
