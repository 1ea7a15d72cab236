// The page of a partner's app: it asks its own server for transactions, hands them to the web SDK, and shows
// what its server learns. What the SDK says is a hint; every result shown is read from the server.

const { gateway: gatewayName, origin: gatewayOrigin } = document.body.dataset;
const element = (id) => document.getElementById(id);
const basket = [
  { ticker: "INFY", name: "Infosys", quantity: 2 },
  { ticker: "ITC", name: "ITC", quantity: 5 },
  { ticker: "RELIANCE", name: "Reliance Industries", quantity: 1 },
];
const rupees = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" });
const FEED_EVERY_MS = 1500;
const FILL_EVERY_MS = 700;
const ROWS_MAX = 50;

let sdk = null;
let watched = null;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

async function ask(path, options = {}) {
  const request = { ...options, headers: { "content-type": "application/json" } };
  const answer = await fetch(path, request);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `${path} answered ${answer.status}`);
  return body;
}

function notice(text, kind = "") {
  const box = element("notice");
  box.textContent = text;
  box.className = `notice ${kind}`;
  box.hidden = !text;
}

// ---- session and SDK

function showSession(session) {
  element("guest").hidden = session.connected;
  element("connected").hidden = !session.connected;
  document.querySelector("[data-testid=broker]").textContent = session.broker || "connected";
  document.querySelector("[data-testid=auth-id]").textContent = session.smallcaseAuthId || "";
  if (!session.connected) {
    element("funds-result").hidden = true;
    element("holdings-card").hidden = true;
  }
}

async function useSession(session) {
  showSession(session);
  if (!window.scDK) {
    notice(`The SDK script of ${gatewayOrigin} did not load. Is the gateway running?`, "bad");
    return;
  }
  if (!sdk) {
    sdk = new window.scDK({ gateway: gatewayName, smallcaseAuthToken: session.token, config: { amo: true } });
  }
  await sdk.init({ smallcaseAuthToken: session.token });
}

const REASONS = {
  user_cancelled: "You closed the window. Nothing was done.",
  user_mismatch: "That is another broker account than the connected one.",
  transaction_expired: "The time for this ran out. Start again.",
  consent_denied: "You did not allow the import.",
  market_closed: "The market is closed.",
  order_pending: "The broker has not answered yet. The order is watched below; do not send it again.",
  no_broker: "No broker was chosen.",
  insufficient_holdings: "There are not enough shares to sell.",
  no_compatible_browser: "The window could not be opened. Allow pop-ups for this page.",
};

// Starts a transaction in the SDK and reports it, whatever the SDK says.
async function start(button, wish) {
  button.disabled = true;
  notice("");
  let id = null;
  try {
    ({ transactionId: id } = await ask("/api/transactions", { method: "POST", body: JSON.stringify(wish) }));
    if (wish.kind === "basket") watch(id);
    const result = await sdk.triggerTransaction({ transactionId: id });
    await settled(id, result);
  } catch (error) {
    await failed(id, error);
  } finally {
    button.disabled = false;
  }
}

async function failed(id, error) {
  notice(REASONS[error.message] || `That did not work: ${error.message}`, "bad");
  if (id) await readBack(id).catch(() => {});
}

async function readBack(id) {
  const wasConnected = element("guest").hidden;
  const details = await ask(`/api/transactions/${id}`);
  if (details.session.connected && !wasConnected) await useSession(details.session);
  return details;
}

async function settled(id, result) {
  const details = await readBack(id);
  if (details.kind === "connect") notice("Connected. You can invest now.", "good");
  if (details.kind === "funds") {
    const funds = details.funds ?? result?.data?.funds;
    element("funds-result").textContent = funds == null ? "" : `${rupees.format(funds)} available`;
    element("funds-result").hidden = funds == null;
  }
  if (details.kind === "holdings") {
    notice("Your holdings were imported.", "good");
    await showHoldings();
  }
  if (details.kind === "basket") watch(id);
}

// ---- order

function badge(node, text, kind) {
  node.textContent = text;
  node.className = `badge ${kind}`;
}

const kindOf = (status) =>
  ({ COMPLETE: "good", COMPLETED: "good", REJECTED: "bad", CANCELLED: "bad", UNPLACED: "bad", UNFILLED: "bad" })[status] || "";

function showBatch(batch, details) {
  element("order").hidden = false;
  if (!batch) {
    const done = details.error?.message || (details.rawStatus || "").toLowerCase().replace("_", " ");
    badge(element("batch-status"), done, details.error ? "bad" : "");
    element("fills").replaceChildren();
    element("total").textContent = "";
    return;
  }
  badge(element("batch-status"), batch.status.toLowerCase(), kindOf(batch.status));
  const rows = [...batch.orders, ...(batch.unplaced || [])].map((order) => {
    const state = order.rawStatus === "UNKNOWN" ? "not proven yet" : order.status.toLowerCase();
    const price = order.averagePrice ? ` at ${rupees.format(order.averagePrice)}` : "";
    const bar = make("progress", { max: order.quantity, value: order.filledQuantity });
    bar.setAttribute("aria-label", `${order.tradingsymbol}: ${order.filledQuantity} of ${order.quantity} filled`);
    const row = make("li", {},
      make("div", {}, make("strong", { textContent: `${order.transactionType === "SELL" ? "Sell" : "Buy"} ${order.tradingsymbol}` }),
        make("small", { textContent: `${order.filledQuantity} of ${order.quantity} filled${price}${order.statusMessage ? ` · ${order.statusMessage}` : ""}` })),
      make("span", { className: `badge ${kindOf(order.status)}`, textContent: state }), bar);
    row.dataset.ticker = order.tradingsymbol;
    row.dataset.status = order.status;
    return row;
  });
  element("fills").replaceChildren(...rows);
  element("total").textContent = batch.buyAmount ? `Bought for ${rupees.format(batch.buyAmount)}` : "";
}

const FINAL_BATCH = ["COMPLETED", "PARTIALLYFILLED", "UNFILLED", "UNPLACED", "MARKEDCOMPLETE"];
const FINAL_TRANSACTION = ["COMPLETED", "ERRORED", "CANCELLED", "EXPIRED"];

// Follows one basket until it is final; a newer one takes its place.
async function watch(id) {
  if (watched === id) return;
  watched = id;
  element("order").hidden = true;
  while (watched === id) {
    try {
      const details = await readBack(id);
      if (details.batch || FINAL_TRANSACTION.includes(details.rawStatus)) showBatch(details.batch, details);
      if (FINAL_TRANSACTION.includes(details.rawStatus) && (!details.batch || FINAL_BATCH.includes(details.batch.status))) {
        watched = null;
        return;
      }
    } catch (error) {
      notice(error.message, "bad");
    }
    await new Promise((wake) => setTimeout(wake, document.hidden ? FEED_EVERY_MS * 2 : FILL_EVERY_MS));
  }
}

function showLines() {
  const rows = basket.map((line) => {
    const count = make("output", { textContent: line.quantity });
    const step = (by, label) => make("button", {
      type: "button", textContent: by > 0 ? "+" : "−", ariaLabel: `${label} ${line.ticker}`,
      onclick: () => {
        line.quantity = Math.min(99, Math.max(1, line.quantity + by));
        count.textContent = line.quantity;
      },
    });
    return make("li", {},
      make("div", { className: "name" }, make("strong", { textContent: line.ticker }), make("small", { textContent: line.name })),
      make("div", { className: "stepper" }, step(-1, "one less"), count, step(1, "one more")));
  });
  element("lines").replaceChildren(...rows);
}

// ---- holdings and market

async function showHoldings() {
  const holdings = await ask("/api/holdings");
  const rows = holdings.securities.map((security) => make("tr", {},
    make("td", {}, security.name, make("small", { textContent: security.nseTicker || security.isin })),
    make("td", { textContent: security.holdings.quantity }),
    make("td", { textContent: rupees.format(security.holdings.averagePrice) })));
  if (!rows.length) rows.push(make("tr", {}, make("td", { colSpan: 3, textContent: "This account holds nothing." })));
  element("holdings-rows").replaceChildren(...rows);
  element("holdings-note").textContent = `As of ${clock(holdings.snapshotDate)}`;
  element("holdings-card").hidden = false;
}

const clock = (instant) => instant ? new Date(instant).toLocaleString("en-IN", { timeZone: "Asia/Kolkata", dateStyle: "medium", timeStyle: "short" }) + " IST" : "";

async function showMarket() {
  const market = await ask("/api/market");
  const box = element("market");
  box.classList.toggle("open", market.marketOpen);
  box.lastElementChild.textContent = `${market.exchange} ${market.marketOpen ? "open" : "closed"} · ${clock(market.serverTime)}`;
  box.hidden = false;
}

// ---- what the server saw

const seen = { messages: 0, calls: 0 };

function entry(list, summary, parts) {
  const body = parts.filter(([, value]) => value != null).flatMap(([title, value]) => [
    make("h4", { textContent: title }), make("pre", { textContent: JSON.stringify(value, null, 2), tabIndex: 0 })]);
  const item = make("li", {}, make("details", {}, make("summary", {}, ...summary), ...body));
  list.prepend(item);
  while (list.children.length > ROWS_MAX) list.lastElementChild.remove();
  return item;
}

const proof = (holds, name) => make("span", { className: `badge ${holds ? "good" : "bad"}`, textContent: `${name} ${holds ? "verified" : "wrong"}` });
const time = (instant) => make("time", { dateTime: instant, textContent: new Date(instant).toLocaleTimeString("en-IN") });

function addMessage(message) {
  const item = entry(element("inbox"), [
    make("code", { textContent: message.eventType + (message.repeated ? " (again)" : "") }),
    proof(message.checksumVerified, "checksum"), proof(message.signatureVerified, "signature"), time(message.receivedAt),
  ], [[message.webhookId, message.body]]);
  item.dataset.event = message.eventType;
  item.dataset.verified = String(message.checksumVerified && message.signatureVerified);
  element("inbox-empty").hidden = true;
}

function addCall(call) {
  const good = call.status >= 200 && call.status < 300;
  entry(element("calls"), [
    make("span", { className: `badge ${good ? "good" : "bad"}`, textContent: call.status || "–" }),
    make("code", { textContent: `${call.method} ${call.path.split("?")[0]}`, title: call.path }), time(call.at),
  ], [["Request " + call.path, call.request], [`Answer after ${call.elapsedMs} ms`, call.response]]);
}

async function feed() {
  try {
    const news = await ask(`/api/feed?messages=${seen.messages}&calls=${seen.calls}`);
    for (const message of news.messages) { seen.messages = message.seq; addMessage(message); }
    for (const call of news.calls) { seen.calls = call.seq; addCall(call); }
    element("inbox-count").textContent = seen.messages;
    element("calls-count").textContent = seen.calls;
  } catch {
    // The shop's server is gone for the moment; the next round tries again.
  }
  setTimeout(feed, document.hidden ? FEED_EVERY_MS * 4 : FEED_EVERY_MS);
}

// ---- start

element("connect").onclick = (event) => start(event.currentTarget, { kind: "connect" });
element("funds").onclick = (event) => start(event.currentTarget, { kind: "funds" });
element("holdings").onclick = (event) => start(event.currentTarget, { kind: "holdings" });
element("buy").onclick = (event) =>
  start(event.currentTarget, { kind: "basket", lines: basket.map(({ ticker, quantity }) => ({ ticker, quantity })) });
element("logout").onclick = async () => {
  await sdk?.brokerLogout().catch(() => {});
  await useSession(await ask("/api/session", { method: "DELETE" }));
  notice("Logged out.");
};

showLines();
await useSession(await ask("/api/session")).catch((error) => notice(`The SDK could not start: ${error.message}`, "bad"));
showMarket().catch(() => {});
setInterval(() => showMarket().catch(() => {}), 60_000);
feed();

// After the redirect that replaces a blocked pop-up the page is a new one; the SDK knows what was pending.
const returned = new URLSearchParams(location.search).get("transactionId");
if (sdk && typeof sdk.resumeTransaction === "function") {
  try {
    const result = await sdk.resumeTransaction();
    if (result) await settled(result.transactionId || returned, result);
  } catch (error) {
    await failed(returned, error);
  }
}
if (returned) history.replaceState(null, "", location.pathname);
