// What every test gets: the demo, a listed and an unlisted partner page, and a watch on where the browser goes.
import { test as base, expect } from "@playwright/test";
import { startDemo } from "./demo.mjs";
import { Partner, servePage, token } from "./partner.mjs";

export { expect };

export const test = base.extend({
  // Flags of the demo, for specs that want another one.
  settings: [[], { option: true, scope: "worker" }],

  world: [
    async ({ settings }, use) => {
      let demo = null;
      const listed = await servePage(() => demo.gateway);
      const unlisted = await servePage(() => demo.gateway);
      demo = await startDemo([listed.origin], settings);
      try {
        await use({ ...demo, listed: listed.origin, unlisted: unlisted.origin });
      } finally {
        await demo.stop();
        await listed.close();
        await unlisted.close();
      }
    },
    { scope: "worker" },
  ],

  partner: async ({ world }, use) => use(new Partner(world.gateway)),

  // No page of a flow, of the broker or of the demo ever asks anybody else for anything.
  context: async ({ context, world }, use) => {
    const own = [world.gateway, world.shop, world.kite, world.listed, world.unlisted];
    const strangers = [];
    const violations = [];
    context.on("request", (request) => {
      const url = request.url();
      const known = own.some((origin) => url.startsWith(`${origin}/`)) || /^(about|blob|data):/.test(url);
      if (!known) strangers.push(url);
    });
    context.on("console", (message) => {
      const text = message.text();
      // A frame that is refused is what a test wants; everything else is a page that breaks its own policy.
      if (/violates the following Content Security Policy directive/.test(text) && !text.startsWith("Framing ")) violations.push(text);
    });
    await use(context);
    expect(strangers, "requests to third parties").toEqual([]);
    expect(violations, "what the page's own policy refused").toEqual([]);
  },

  /** Opens the partner's page for a transaction; `click` starts it and returns the hosted window. */
  open: async ({ page, world }, use) => {
    await use(async (id, { jwt = token(), config = {}, origin = world.listed } = {}) => {
      const query = new URLSearchParams({ jwt, id, config: JSON.stringify(config) });
      await page.goto(`${origin}/?${query}`);
      const click = async () => {
        const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#go")]);
        return popup;
      };
      const outcome = async () => {
        await page.waitForFunction(() => window.outcome, null, { timeout: 50_000 });
        return page.evaluate(() => window.outcome);
      };
      return { page, click, outcome };
    });
  },
});
