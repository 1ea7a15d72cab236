// Whole stories, told with the official JavaScript client, of which nothing is changed but its root.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KiteTicker } from "kiteconnect";
import { startApp } from "./client.mjs";

let app;

before(async () => {
  app = await startApp();
});

after(async () => {
  await app?.end();
});

const atMarket = (side, tradingsymbol, quantity) => ({
  exchange: "NSE", tradingsymbol, transaction_type: side, quantity, product: "CNC", order_type: "MARKET", market_protection: -1,
});

const place = async (kite, terms) => (await kite.placeOrder("regular", terms)).order_id;

// Where an order is now.
const state = async (kite, id) => (await kite.getOrderHistory(id)).at(-1);

const fresh = async (account, more = {}) => {
  await app.control("accounts", { broker: "kite", account, fundsInr: 1_000_000, ...more });
  return app.user(account);
};

const setPrice = (ticker, price) => app.control("prices", { ticks: [{ ticker, price }] });

test("a login in the browser holds until it is ended", async () => {
  const { api_key, api_secret } = app;
  const kite = app.client();
  const page = await fetch(`${app.root}/connect/login?v=3&api_key=${api_key}&redirect_params=a%3D1`);
  assert.match(await page.text(), /DEMO02/);
  const answer = await app.postForm("/connect/login", { api_key, redirect_params: "a=1", account: "DEMO02" });
  assert.equal(answer.status, 303);
  const back = Object.fromEntries(new URL(answer.headers.get("location")).searchParams);
  assert.deepEqual([back.x, back.a, back.status], ["1", "1", "success"]);
  await assert.rejects(kite.generateSession(back.request_token, "wrong"), { error_type: "TokenException" });
  const session = await kite.generateSession(back.request_token, api_secret);
  assert.equal(session.user_id, "DEMO02");
  kite.setAccessToken(session.access_token);
  assert.equal((await kite.getProfile()).user_id, "DEMO02");
  await assert.rejects(kite.generateSession(back.request_token, api_secret), { error_type: "TokenException" });
  await kite.renewAccessToken(session.refresh_token, api_secret);
  assert.equal((await kite.getMargins("equity")).enabled, true);
  await kite.invalidateAccessToken(kite.access_token);
  await assert.rejects(kite.getProfile(), { error_type: "TokenException" });
});

test("an order is placed, changed and cancelled", async () => {
  const kite = await fresh("JS01");
  const id = await place(kite, { ...atMarket("BUY", "INFY", 10), order_type: "LIMIT", price: 1400, tag: "mine" });
  const [row] = await kite.getOrders();
  assert.deepEqual([row.order_id, row.status, row.tag], [id, "OPEN", "mine"]);
  await kite.modifyOrder("regular", id, { quantity: 12, price: 1410.5, order_type: "LIMIT" });
  const changed = await state(kite, id);
  assert.deepEqual([changed.quantity, changed.price], [12, 1410.5]);
  await kite.cancelOrder("regular", id);
  assert.equal((await state(kite, id)).status, "CANCELLED");
  await assert.rejects(kite.cancelOrder("regular", id), { error_type: "OrderException" });
});

test("half of an order fills", async () => {
  const kite = await fresh("JS02", { behaviour: "partial" });
  const id = await place(kite, atMarket("BUY", "ITC", 10));
  const half = await state(kite, id);
  assert.deepEqual([half.status, half.filled_quantity, half.pending_quantity], ["OPEN", 5, 5]);
  const [trade] = await kite.getOrderTrades(id);
  assert.equal(trade.quantity, 5);
  assert.equal((await kite.getPositions()).net[0].quantity, 5);
});

test("shares are authorised at the depository and sold", async () => {
  const kite = await app.user("TPIN01");
  const refused = { error_type: "HoldingException", message: /needs authorisation at depository/ };
  await assert.rejects(place(kite, atMarket("SELL", "INFY", 2)), refused);
  // The client has no call for this one.
  const answer = await fetch(`${app.root}/portfolio/holdings/authorise`, {
    method: "POST",
    headers: { authorization: `token ${app.api_key}:${kite.access_token}` },
    body: new URLSearchParams({ isin: "INE009A01021", quantity: 5 }),
  });
  const { request_id } = (await answer.json()).data;
  await app.postForm(`/connect/portfolio/authorise/holdings/${app.api_key}/${request_id}`, { tpin: "123456" });
  const holding = async () => (await kite.getHoldings()).find((row) => row.tradingsymbol === "INFY");
  assert.equal((await holding()).authorised_quantity, 5);
  const id = await place(kite, atMarket("SELL", "INFY", 2));
  assert.equal((await state(kite, id)).status, "COMPLETE");
  assert.equal((await holding()).used_quantity, 2);
});

test("a trigger sends its order when the price is there", async () => {
  const kite = await fresh("JS03");
  const { last_price } = (await kite.getLTP(["NSE:ITC"]))["NSE:ITC"];
  const below = Math.floor(last_price * 0.98);
  // A buy at the last price would rest: shares are offered above it.
  const order = { transaction_type: "BUY", quantity: 3, product: "CNC", order_type: "LIMIT", price: below + 2 };
  const { trigger_id } = await kite.placeGTT({
    trigger_type: "single", tradingsymbol: "ITC", exchange: "NSE", trigger_values: [below], last_price, orders: [order],
  });
  assert.equal((await kite.getGTT(trigger_id)).status, "active");
  await setPrice("ITC", below);
  assert.equal((await kite.getGTT(trigger_id)).status, "triggered");
  const [sent] = await kite.getOrders();
  assert.deepEqual([sent.quantity, sent.price, sent.status], [3, below + 2, "COMPLETE"]);
});

test("an app is told what happens to its orders", async () => {
  const kite = await fresh("JS04");
  const id = await place(kite, atMarket("BUY", "ITC", 2));
  const body = await app.postbacks.about(id, "COMPLETE");
  assert.equal(kite.validatePostback(body, app.api_secret), true);
  assert.equal(kite.validatePostback(body, "another"), false);
  assert.deepEqual([body.user_id, body.filled_quantity, body.unfilled_quantity], ["JS04", 2, 0]);
});

test("the market is read as the client formats it", async () => {
  const kite = await fresh("JS05");
  const quote = (await kite.getQuote(["NSE:INFY", "BSE:ITC"]))["NSE:INFY"];
  assert.ok(quote.timestamp instanceof Date && quote.depth.buy.length === 5);
  assert.equal((await kite.getOHLC(["NSE:INFY"]))["NSE:INFY"].instrument_token, 408065);
  const row = (await kite.getInstruments("NSE")).find((one) => one.tradingsymbol === "INFY");
  assert.equal(Number(row.instrument_token), 408065);
  const candles = await kite.getHistoricalData(408065, "minute", "2026-01-05 09:15:00", "2026-01-05 10:00:00");
  assert.ok(candles.length > 10 && candles[0].date instanceof Date && candles[0].high >= candles[0].low);
  const [margin] = await kite.orderMargins([{ ...atMarket("BUY", "INFY", 2), variety: "regular" }]);
  assert.ok(margin.total > 0);
});

test("the ticker tells prices in three modes, and orders", { timeout: 60_000 }, async () => {
  const kite = await fresh("JS06");
  const quotes = await kite.getLTP(["NSE:INFY", "NSE:ITC", "NSE:SBIN"]);
  const [infy, itc, sbin] = Object.values(quotes).map((quote) => quote.instrument_token);
  const root = app.root.replace("http://", "ws://");
  const ticker = new KiteTicker({ api_key: app.api_key, access_token: kite.access_token, root, reconnect: false });
  const seen = new Map();
  const told = [];
  const waiting = new Set();
  // Resolves as soon as `look` finds something in what was heard.
  const heard = (look) => new Promise((resolve) => {
    const again = () => look() && (waiting.delete(again), resolve());
    waiting.add(again);
    again();
  });
  const tell = () => [...waiting].forEach((again) => again());
  ticker.on("connect", () => {
    ticker.subscribe([infy, itc, sbin]);
    ticker.setMode(ticker.modeLTP, [infy]);
    ticker.setMode(ticker.modeQuote, [itc]);
    ticker.setMode(ticker.modeFull, [sbin]);
  });
  ticker.on("ticks", (ticks) => {
    for (const tick of ticks) seen.set(`${tick.mode} ${tick.instrument_token}`, tick);
    tell();
  });
  ticker.on("order_update", (order) => {
    told.push(order);
    tell();
  });
  ticker.connect();
  const [ltp, quote, full] = [`ltp ${infy}`, `quote ${itc}`, `full ${sbin}`];
  await heard(() => [ltp, quote, full].every((key) => seen.has(key)));
  assert.equal(seen.get(quote).ohlc.close, (await kite.getOHLC(["NSE:ITC"]))["NSE:ITC"].ohlc.close);
  assert.equal(seen.get(full).depth.buy.length, 5);

  const price = Math.floor(seen.get(ltp).last_price) - 1;
  await setPrice("INFY", price);
  await heard(() => seen.get(ltp).last_price === price);
  const id = await place(kite, atMarket("BUY", "ITC", 1));
  await heard(() => told.some((order) => order.order_id === id && order.status === "COMPLETE"));
  ticker.disconnect();
});
