// Runs the Node example against a demo.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, start, startDemo, stop, until } from "./demo.mjs";

let demo, partner, own;

before(async () => {
  const port = await freePort();
  demo = await startDemo(port);
  const environment = { TORANA_URL: demo.url, PORT: String(port) };
  const server = fileURLToPath(new URL("../node/server.mjs", import.meta.url));
  const started = start(process.execPath, [server], environment, "node partner ");
  partner = started.child;
  own = await started.ready;
});

after(async () => {
  if (partner) await stop(partner);
  if (demo) await demo.end();
});

const ask = async (path, options) => {
  const answer = await fetch(own + path, options);
  return { status: answer.status, body: await answer.json() };
};

// What a user would do in the hosted pages, by the sandbox control API.
async function approve(transactionId) {
  const { token } = (await ask("/token")).body;
  const path = `/torana/v1/gateways/gatewaydemo/sandbox/transactions/${transactionId}/complete?waitMs=20000`;
  const headers = { "x-gateway-secret": "gatewayDemo_secret", "x-gateway-authtoken": token };
  const body = JSON.stringify({ decision: "approve", broker: "kite", account: "DEMO01" });
  const answer = await (await fetch(demo.url + path, { method: "POST", headers, body })).json();
  assert.equal(answer.success, true, JSON.stringify(answer));
}

test("connect, buy a basket, receive verified webhooks", async () => {
  const connect = (await ask("/transactions/connect", { method: "POST" })).body.transactionId;
  assert.match(connect, /^TRX_[0-9a-f]{32}$/);
  await approve(connect);
  const connected = (await ask(`/transactions/${connect}`)).body;
  assert.equal(connected.status, "COMPLETED");
  assert.match(connected.smallcaseAuthId, /^[0-9a-f]{24}$/);

  const buy = (await ask("/transactions/buy", { method: "POST" })).body.transactionId;
  await approve(buy);
  const bought = await until("the orders to fill", async () => {
    const { body } = await ask(`/transactions/${buy}`);
    return body.status === "COMPLETED" && body;
  });
  assert.equal(bought.smallcaseAuthId, connected.smallcaseAuthId);
  const [batch] = bought.transactionDetails.success.data.batches;
  assert.deepEqual(batch.orders.map(({ tradingsymbol, status }) => [tradingsymbol, status]), [["INFY", "COMPLETE"], ["ITC", "COMPLETE"]]);

  const events = await until("both webhooks", async () => {
    const { body } = await ask("/webhooks");
    const ours = body.filter(({ transactionId }) => transactionId === buy).sort((a, b) => a.sequence - b.sequence);
    return ours.length === 2 && ours;
  });
  assert.deepEqual(events.map(({ eventType, notes }) => [eventType, notes]), [["order.placed", "node example"], ["order.completed", "node example"]]);
});

test("a forged webhook is refused and not kept", async () => {
  const before = (await ask("/webhooks")).body.length;
  const headers = { "webhook-id": "msg_forged", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": "v1,AAAA" };
  const body = JSON.stringify({ eventType: "order.completed", timestamp: "2026-01-05T09:31:02.120Z", smallcaseAuthId: "0".repeat(24), checksum: "00" });
  assert.equal((await ask("/webhooks", { method: "POST", headers, body })).status, 401);
  assert.equal((await ask("/webhooks")).body.length, before);
});

test("the page loads the SDK from the gateway", async () => {
  const page = await (await fetch(own)).text();
  assert.ok(page.includes(`<script src="${demo.url}/scdk/2.0.0/scdk.js">`), page);
  assert.equal((await fetch(`${demo.url}/scdk/2.0.0/scdk.js`)).status, 200);
});
