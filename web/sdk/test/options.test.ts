import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOptions } from "../src/options.js";
import { defineScDK } from "../src/scdk.js";
import type { ScDKOptions } from "../src/types.js";
import { FakeBrowser } from "./fake-browser.js";
import { ALICE, FakeServer, GUEST, HOST, TRX } from "./fake-server.js";
import { page, refused } from "./setup.js";

const good = { gateway: "gatewaydemo", smallcaseAuthToken: GUEST };
const unusable: Record<string, unknown> = {
  "nothing": undefined,
  "null": null,
  "a string": "gatewaydemo",
  "a list": [],
  "no gateway": { smallcaseAuthToken: GUEST },
  "empty gateway": { ...good, gateway: "" },
  "gateway of another type": { ...good, gateway: 5 },
  "no token": { gateway: "gatewaydemo" },
  "empty token": { ...good, smallcaseAuthToken: "" },
  "token of another type": { ...good, smallcaseAuthToken: {} },
  "config of another type": { ...good, config: "amo" },
  "amo of another type": { ...good, config: { amo: "yes" } },
  "leprechaunEnabled of another type": { ...good, config: { leprechaunEnabled: 1 } },
  "unknown flowMode": { ...good, config: { flowMode: "iframe" } },
  "plain http host": { ...good, config: { host: "http://torana.example" } },
  "host with a path": { ...good, config: { host: "https://torana.example/x" } },
  "host with credentials": { ...good, config: { host: "https://u:p@torana.example" } },
  "host of another type": { ...good, config: { host: 5 } },
  "an object that cannot be read": Object.defineProperty({}, "gateway", {
    get: () => {
      throw new Error("no");
    },
  }),
};

for (const [what, given] of Object.entries(unusable)) {
  test(`constructor with ${what}: never throws, every method rejects init_sdk`, async () => {
    const browser = new FakeBrowser();
    const server = new FakeServer(browser);
    const scDK = defineScDK(browser, HOST);
    const gateway = new scDK(given as ScDKOptions);
    await refused(gateway.init({ smallcaseAuthToken: GUEST }), 3004, "init_sdk");
    await refused(gateway.triggerTransaction({ transactionId: TRX }), 3004, "init_sdk");
    await refused(gateway.triggerMfTransaction({ transactionId: TRX }), 3004, "init_sdk");
    await refused(gateway.connect({ transactionId: TRX }), 3004, "init_sdk");
    await refused(gateway.resumeTransaction(), 3004, "init_sdk");
    await refused(gateway.brokerLogout(), 3004, "init_sdk");
    await refused(gateway.markArchived({ iscid: "60c72b2f9b1e8a0012345678" }), 3004, "init_sdk");
    await refused(gateway.triggerLeadGen(), 3004, "init_sdk");
    await refused(gateway.openSmallplug(), 3004, "init_sdk");
    assert.equal(browser.popups.length, 0);
    assert.equal(server.seen.length, 0);
    assert.ok(browser.warnings.length > 0);
  });
}

test("hosts: https origins, http on loopback, and the script's own origin", () => {
  const host = (config: unknown, script: string | null): string | null => {
    const check = checkOptions({ ...good, config }, script);
    return check.ok ? check.options.host : null;
  };
  assert.equal(host({ host: "https://Torana.example:8443/" }, HOST), "https://torana.example:8443");
  assert.equal(host({ host: "http://127.0.0.1:8080" }, null), "http://127.0.0.1:8080");
  assert.equal(host({ host: "http://localhost" }, null), "http://localhost");
  assert.equal(host({ host: null }, HOST), HOST);
  assert.equal(host(undefined, HOST), HOST);
  assert.equal(host(undefined, null), null);
});

test("a second constructor returns the first instance and warns when its arguments differ", async () => {
  const { browser, server, scDK, gateway } = page();
  assert.equal(new scDK({ gateway: "gatewaydemo", smallcaseAuthToken: GUEST }), gateway);
  assert.deepEqual(browser.warnings, []);
  assert.equal(new scDK({ gateway: "other", smallcaseAuthToken: ALICE }), gateway);
  assert.equal(new scDK(undefined as unknown as ScDKOptions), gateway);
  assert.equal(browser.warnings.length, 2);
  assert.ok(!browser.warnings.join().includes(ALICE));
  await gateway.brokerLogout().catch(() => undefined);
  assert.equal(server.of("init")[0]?.body["smallcaseAuthToken"], GUEST);
});

test("methods are bound", async () => {
  const { init, triggerTransaction } = page().gateway;
  assert.equal((await init({ smallcaseAuthToken: GUEST })).status, "GUEST");
  await refused(triggerTransaction({ transactionId: "x" }), 3002, "invalid_transactionId");
});

test("a browser without the needed features: no_compatible_browser", async () => {
  const { browser, gateway } = page();
  browser.isSupported = false;
  await refused(gateway.init({ smallcaseAuthToken: GUEST }), 7103, "no_compatible_browser");
  await refused(gateway.triggerTransaction({ transactionId: TRX }), 7103, "no_compatible_browser");
});
