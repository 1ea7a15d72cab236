/*! Torana web SDK 1.0.0 | Apache-2.0 */
// src/browser.ts
var WINDOW_NAME = "torana_gateway";
var WINDOW_FEATURES = "popup,width=480,height=720";
var realBrowser = {
  supported: () => typeof fetch === "function" && typeof performance === "object" && typeof window.addEventListener === "function",
  now: () => performance.now(),
  after: (ms, run) => {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
  http: send,
  openWindow: () => {
    try {
      const opened = window.open("about:blank", WINDOW_NAME, WINDOW_FEATURES);
      return opened && !opened.closed ? opened : null;
    } catch {
      return null;
    }
  },
  canRedirect: () => window.top === window.self,
  postForm,
  pageUrl: () => location.href.replace(/#.*$/, ""),
  pageOrigin: () => location.origin,
  onWake: (run) => {
    const seen = () => {
      if (document.visibilityState === "visible") run();
    };
    return both(on(window, "online", run), on(document, "visibilitychange", seen));
  },
  onMessage: (run) => on(window, "message", (event) => {
    const message = event;
    run(message.origin, message.data);
  }),
  onRestored: (run) => on(window, "pageshow", (event) => {
    if (event.persisted) run();
  }),
  recall: (key) => {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  },
  remember: (key, value) => {
    try {
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, value);
    } catch {
    }
  },
  warn: (text) => {
    if (typeof console === "object") console.warn("[scDK] " + text);
  }
};
function send(request) {
  const abort = typeof AbortController === "function" ? new AbortController() : null;
  const reply = fetch(request.url, {
    method: request.method,
    headers: request.headers,
    body: request.body,
    mode: "cors",
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    signal: abort ? abort.signal : null
  }).then(
    (response) => response.text().then((text) => ({
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body: parseJson(text)
    }))
  );
  return { reply, abort: () => abort?.abort() };
}
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return void 0;
  }
}
function postForm(action, field, value, into) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  form.target = into === "popup" ? WINDOW_NAME : "_self";
  form.style.display = "none";
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = field;
  input.value = value;
  form.appendChild(input);
  (document.body ?? document.documentElement).appendChild(form);
  form.submit();
  form.remove();
}
function on(target, type, run) {
  target.addEventListener(type, run);
  return () => target.removeEventListener(type, run);
}
function both(first, second) {
  return () => {
    first();
    second();
  };
}

// src/errors.ts
var OWN_MESSAGES = {
  90: "invalid_jwt",
  100: "invalid_gateway",
  1010: "user_cancelled",
  2e3: "internal_error",
  3002: "invalid_transactionId",
  3003: "transaction_in_process",
  3004: "init_sdk",
  4006: "order_pending",
  7102: "invalid_user_data",
  7103: "no_compatible_browser"
};
var ScGatewayError = class _ScGatewayError extends Error {
  constructor(code, message, facts = {}) {
    super(message);
    if (Object.setPrototypeOf) Object.setPrototypeOf(this, _ScGatewayError.prototype);
    this.name = "ScGatewayError";
    this.code = code;
    this.data = facts.data ?? null;
    this.transactionId = facts.transactionId ?? null;
    this.requestId = facts.requestId ?? null;
  }
};
function sdkError(code, facts) {
  return new ScGatewayError(code, OWN_MESSAGES[code], facts);
}

// src/error-table.ts
var ERROR_MESSAGES = {
  ...OWN_MESSAGES,
  30: "internal_error",
  60: "internal_error",
  1001: "user_mismatch",
  1002: "user_cancelled",
  1003: "consent_denied",
  1004: "insufficient_holdings",
  1005: "transaction_expired",
  1006: "no_broker",
  1007: "no_broker",
  1008: "no_broker",
  1011: "user_cancelled",
  1012: "user_cancelled",
  1013: "user_consent_denied",
  2001: "holdings_import_error",
  3e3: "intent_not_enabled_for_broker",
  3001: "transaction_expired",
  4e3: "already_subscribed",
  4001: "CHECK_VIOLATED",
  4003: "timed_out",
  4004: "market_closed",
  4005: "market_closed",
  7101: "invalid_elementorselector",
  7104: "trading_not_enabled",
  7105: "no_order",
  7106: "smallcase_archived",
  7107: "webhook_unreachable",
  7108: "order_in_queue"
};

// src/options.ts
var FLOW_MODES = ["auto", "popup", "redirect"];
var HOST = /^(https:\/\/[^\s/?#@]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)\/?$/i;
function checkOptions(given, scriptOrigin) {
  if (!isObject(given)) return bad("the constructor needs {gateway, smallcaseAuthToken}");
  const { gateway, smallcaseAuthToken: userJwt } = given;
  if (!isText(gateway)) return bad("gateway must be the name of your gateway, a string");
  if (!isText(userJwt)) return bad("smallcaseAuthToken must be a JWT made by your server, a string");
  const config = given["config"] ?? {};
  if (!isObject(config)) return bad("config must be an object");
  const { amo = false, leprechaunEnabled = false, host = null, flowMode = "auto" } = config;
  if (!isFlag(amo)) return bad("config.amo must be true or false");
  if (!isFlag(leprechaunEnabled)) return bad("config.leprechaunEnabled must be true or false");
  if (flowMode !== null && FLOW_MODES.indexOf(flowMode) < 0) {
    return bad("config.flowMode must be auto, popup or redirect");
  }
  if (host !== null && !(isText(host) && HOST.test(host))) {
    return bad("config.host must be an https origin such as https://torana.example.org");
  }
  const origin = host === null ? scriptOrigin : host.replace(/\/$/, "").toLowerCase();
  if (origin === null) {
    return bad("config.host is needed, because the script was not loaded from a Torana server");
  }
  return {
    ok: true,
    options: {
      gateway,
      userJwt,
      amo: amo === true,
      leprechaunEnabled: leprechaunEnabled === true,
      host: origin,
      flowMode: flowMode ?? "auto"
    }
  };
}
function sameOptions(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
function originOf(url) {
  return /^https?:\/\/[^\s/?#@\\]+/i.exec(url)?.[0].toLowerCase() ?? null;
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isText(value) {
  return typeof value === "string" && value !== "";
}
function isFlag(value) {
  return value === null || typeof value === "boolean";
}
function bad(problem) {
  return { ok: false, problem };
}

// src/adopt.ts
function mayAdopt(present, returned) {
  const id = connectedId(present);
  return id === null || id === connectedId(returned);
}
function connectedId(userJwt) {
  try {
    const payload = (userJwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(atob(payload));
    const id = isObject(claims) ? claims["smallcaseAuthId"] : null;
    return isText(id) ? id : null;
  } catch {
    return null;
  }
}

// src/state.ts
function readStarted(data, transactionId) {
  if (!isObject(data)) return null;
  const { startUrl, handle, nonce, leadFlowId } = data;
  const flowId = transactionId ?? leadFlowId;
  if (!isText(startUrl) || originOf(startUrl) === null || !isText(handle) || !isText(nonce) || !isText(flowId)) return null;
  return { flowId, startUrl, handle, nonce };
}
function readState(data) {
  if (!isObject(data) || !isObject(data["settlement"])) return null;
  const { outcome, code, message, result } = data["settlement"];
  if (outcome !== "pending" && outcome !== "resolve" && outcome !== "reject") return null;
  const page = data["page"];
  return {
    page: page === "gone" || page === "external" ? page : "present",
    handedOver: data["handedOver"] === true,
    expiresInMs: duration(data["expiresInMs"]),
    pollAfterMs: duration(data["pollAfterMs"]),
    settlement: {
      outcome,
      code: typeof code === "number" ? code : null,
      message: isText(message) ? message : null,
      result
    }
  };
}
function duration(value) {
  return typeof value === "number" && value >= 0 ? value : null;
}

// src/version.ts
var VERSION = "1.0.0";

// src/transport.ts
var REQUEST_TIMEOUT_MS = 1e4;
var MAX_RETRY_AFTER_MS = 12e4;
var Transport = class {
  constructor(browser, options) {
    this.browser = browser;
    this.options = options;
    /** One console text per outage, not one per poll. */
    this.warned = false;
    this.base = options.host + "/torana/sdk/v1/" + encodeURIComponent(options.gateway) + "/";
  }
  /** Sends one request; `body` makes it a POST. */
  send(path, body, sdkSession) {
    return new Promise((done) => {
      let exchange;
      try {
        exchange = this.browser.http(this.request(path, body, sdkSession));
      } catch {
        return done(local(2e3 /* Internal */));
      }
      const cancel = this.browser.after(REQUEST_TIMEOUT_MS, () => {
        exchange.abort();
        done(this.unreachable());
      });
      exchange.reply.then(
        (reply) => {
          cancel();
          this.warned = false;
          done(read(reply));
        },
        () => {
          cancel();
          done(this.unreachable());
        }
      );
    });
  }
  request(path, body, sdkSession) {
    const headers = { "x-torana-sdk": "web/" + VERSION };
    if (body !== null) headers["content-type"] = "application/json";
    if (sdkSession !== null) headers["authorization"] = "Bearer " + sdkSession;
    return {
      method: body === null ? "GET" : "POST",
      url: this.base + path,
      headers,
      body: body === null ? null : JSON.stringify(body)
    };
  }
  unreachable() {
    if (!this.warned) this.browser.warn(whitelistHint(this.options, this.browser.pageOrigin()));
    this.warned = true;
    return failed(sdkError(2e3 /* Internal */), true, null, false);
  }
};
function whitelistHint(options, origin) {
  return `No answer from ${options.host}. Either the network is down, or the origin of this page, ${origin}, is not whitelisted: the operator adds it to the web origins of the gateway (torana gateway update ${options.gateway} --origin ${origin}, with every other origin that is to stay). A Content-Security-Policy of this page must allow ${options.host} in connect-src.`;
}
function local(code) {
  return failed(sdkError(code), false, null, false);
}
function failed(error, transient, retryAfterMs, sessionExpired) {
  return { ok: false, failure: { error, transient, retryAfterMs, sessionExpired } };
}
function read(reply) {
  const { status, body } = reply;
  if (status >= 200 && status < 300 && isObject(body) && body["success"] === true) {
    return { ok: true, data: body["data"] };
  }
  const envelope = isObject(body) ? body : {};
  const sdk = isObject(envelope["sdk"]) ? envelope["sdk"] : {};
  const { code, message } = sdk;
  const requestId = isText(envelope["requestId"]) ? envelope["requestId"] : null;
  const error = typeof code === "number" && isText(message) ? new ScGatewayError(code, message, { requestId }) : sdkError(2e3 /* Internal */, { requestId });
  const transient = !isObject(body) || status < 400 || status >= 500 || status === 408 || status === 429;
  return failed(
    error,
    transient,
    status === 429 ? retryAfter(reply.retryAfter) : null,
    status === 401 && slug(envelope) === "sdk_session_expired"
  );
}
function slug(envelope) {
  const errors = envelope["errors"];
  return Array.isArray(errors) ? errors[0] : envelope["errorCode"];
}
function retryAfter(header) {
  const seconds = /^\d+$/.test(header ?? "") ? Number(header) : null;
  return seconds === null ? null : Math.min(seconds * 1e3, MAX_RETRY_AFTER_MS);
}

// src/api.ts
var Api = class {
  constructor(transport, session) {
    this.transport = transport;
    this.session = session;
  }
  /** A call on behalf of the wanted user. */
  post(path, body) {
    return this.session.ensure().then((ready2) => ready2.ok ? this.send(path, body) : ready2);
  }
  /** Starts or re-attaches a flow. `transactionId` is `null` for a lead, which gets its own id. */
  start(path, body, transactionId) {
    return this.post(path, body).then(
      (reply) => reply.ok ? checked(readStarted(reply.data, transactionId)) : reply
    );
  }
  /** Reads the state of a flow, or with `closed` reports its window as closed. */
  state(flowId, closed) {
    const path = "transactions/" + encodeURIComponent(flowId) + (closed ? "/closed" : "/state");
    return this.send(path, closed ? {} : null).then(
      (reply) => reply.ok ? checked(readState(reply.data)) : reply
    );
  }
  send(path, body) {
    const used = this.session.id;
    return this.transport.send(path, body, used).then((reply) => {
      if (reply.ok || !reply.failure.sessionExpired) return reply;
      return this.session.renew(used).then((ready2) => ready2.ok ? this.transport.send(path, body, this.session.id) : ready2);
    });
  }
};
function checked(data) {
  return data === null ? local(2e3 /* Internal */) : { ok: true, data };
}

// src/outcome.ts
function resolveWith(value) {
  return { kind: "resolve", value };
}
function rejectWith(error) {
  return { kind: "reject", error };
}
function settled(settlement, transactionId) {
  const { outcome, code, message, result } = settlement;
  if (outcome === "pending") return null;
  if (outcome === "resolve") return resolveWith(result);
  const data = isObject(result) ? result : null;
  const facts = { data, transactionId };
  return rejectWith(
    code === null || message === null ? sdkError(2e3 /* Internal */, facts) : new ScGatewayError(code, message, facts)
  );
}
function inTransaction(error, transactionId) {
  const { code, message, data, requestId } = error;
  return new ScGatewayError(code, message, { data, requestId, transactionId });
}
function returnedUserJwt(outcome) {
  const holder = outcome.kind === "resolve" ? outcome.value : outcome.error.data;
  const token = isObject(holder) ? holder["smallcaseAuthToken"] : null;
  return isText(token) ? token : null;
}

// src/close-watch.ts
var OBSERVE_MS = 3e3;
var OBSERVE_POLLS = 2;
var CloseWatch = class {
  constructor() {
    this.since = null;
    this.polls = 0;
    this.reported = false;
  }
  /** Takes in whether the window looks closed now; `true` when that has just begun. */
  observe(closed, now) {
    if (!closed) {
      this.since = null;
      return false;
    }
    if (this.since !== null) return false;
    this.since = now;
    this.polls = 0;
    this.reported = false;
    return true;
  }
  /** Counts an answered request that was sent at `sentAt`. */
  answered(sentAt, report) {
    if (this.since === null || sentAt < this.since) return;
    this.polls += 1;
    if (report) this.reported = true;
  }
  /**
   * Whether the next request is a report. After an unbelieved report another one follows only
   * while no page of the flow is present, since only then can it be believed.
   */
  due(now, pageGone) {
    if (this.since === null) return false;
    if (this.reported) return pageGone;
    return this.polls >= OBSERVE_POLLS && now - this.since >= OBSERVE_MS;
  }
  /** Shortens `delay` while the observation runs. */
  delay(now, delay) {
    if (this.since === null || this.reported) return delay;
    const end = Math.max(this.since + OBSERVE_MS - now, 0);
    return Math.min(delay, this.polls < OBSERVE_POLLS - 1 ? OBSERVE_MS / OBSERVE_POLLS : end);
  }
};

// src/schedule.ts
var POLL_MS = 2e3;
var LATE_POLL_MS = 5e3;
var LATE_AFTER_MS = 12e4;
var MIN_POLL_MS = 500;
var MAX_POLL_MS = 3e4;
var BACKOFF_MS = [2e3, 4e3, 8e3, 1e4];
var UNKNOWN_EXPIRY_MS = 15 * 6e4;
var EXPIRY_GRACE_MS = 3e4;
function pollDelay(pollAfterMs, ageMs) {
  const wanted = pollAfterMs ?? (ageMs < LATE_AFTER_MS ? POLL_MS : LATE_POLL_MS);
  return Math.min(Math.max(wanted, MIN_POLL_MS), MAX_POLL_MS);
}
function retryDelay(failures) {
  return BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? POLL_MS;
}
function patience(expiresInMs) {
  return (expiresInMs ?? UNKNOWN_EXPIRY_MS) + EXPIRY_GRACE_MS;
}

// src/poller.ts
var LOOK_MS = 500;
var Poller = class {
  /** `atOnce` reads the state directly, else the first request waits for the usual distance. */
  constructor(browser, flow, atOnce) {
    this.browser = browser;
    this.flow = flow;
    this.watch = new CloseWatch();
    this.cancelLook = () => {
    };
    this.cancelNext = () => {
    };
    this.stopped = false;
    this.inFlight = false;
    this.wokenInFlight = false;
    this.failures = 0;
    /** No request before this instant: the server asked for a pause. */
    this.notBefore = 0;
    this.handedOver = false;
    this.pageGone = false;
    this.startedAt = browser.now();
    this.giveUpAt = this.startedAt + patience(null);
    this.unsubscribe = browser.onWake(() => this.wake());
    this.look();
    this.next(atOnce ? 0 : this.delay(this.startedAt, null));
  }
  /** Asks at once, or directly after the request under way. */
  wake() {
    if (this.inFlight) this.wokenInFlight = true;
    else this.ask();
  }
  /** Ends everything; nothing is settled afterwards. */
  stop() {
    this.stopped = true;
    this.cancelNext();
    this.cancelLook();
    this.unsubscribe();
  }
  /** Plans the next request `delay` milliseconds from now, replacing the planned one. */
  next(delay) {
    this.cancelNext();
    if (!this.stopped) this.cancelNext = this.browser.after(delay, () => this.ask());
  }
  look() {
    this.observe();
    this.cancelLook = this.browser.after(LOOK_MS, () => this.look());
  }
  observe() {
    const now = this.browser.now();
    const closed = this.flow.windowClosed() ?? this.pageGone;
    const began = this.watch.observe(closed, now);
    if (began && !this.inFlight && this.failures === 0) this.next(this.delay(now, null));
  }
  ask() {
    const sentAt = this.browser.now();
    if (this.stopped || this.inFlight || this.lost(sentAt)) return;
    if (sentAt < this.notBefore) {
      return this.next(Math.min(this.notBefore, this.giveUpAt) - sentAt);
    }
    this.cancelNext();
    this.inFlight = true;
    this.wokenInFlight = false;
    const report = this.watch.due(sentAt, this.pageGone);
    void this.flow.read(report).then((reply) => {
      this.inFlight = false;
      if (this.stopped) return;
      if (reply.ok) this.answered(reply.data, sentAt, report);
      else this.failed(reply.failure);
    });
  }
  answered(state, sentAt, report) {
    const now = this.browser.now();
    this.failures = 0;
    this.giveUpAt = now + patience(state.expiresInMs);
    this.handedOver = this.handedOver || state.handedOver;
    this.pageGone = state.page === "gone";
    const outcome = settled(state.settlement, this.flow.flowId);
    if (outcome) return this.flow.settle(outcome);
    this.watch.answered(sentAt, report);
    this.observe();
    this.next(this.wokenInFlight ? 0 : this.delay(now, state.pollAfterMs));
  }
  delay(now, pollAfterMs) {
    return this.watch.delay(now, pollDelay(pollAfterMs, now - this.startedAt));
  }
  failed(failure) {
    if (!failure.transient) {
      return this.flow.settle(rejectWith(inTransaction(failure.error, this.flow.flowId)));
    }
    const now = this.browser.now();
    this.failures += 1;
    if (this.lost(now)) return;
    const pause = failure.retryAfterMs;
    if (pause !== null) this.notBefore = now + pause;
    const wait = pause ?? (this.wokenInFlight ? 0 : retryDelay(this.failures));
    this.next(Math.min(wait, this.giveUpAt - now));
  }
  /** Gives up on a server that has been silent for longer than the flow can live. */
  lost(now) {
    if (this.failures === 0 || now < this.giveUpAt) return false;
    const code = this.handedOver ? 4006 /* OrderPending */ : 2e3 /* Internal */;
    this.flow.settle(rejectWith(sdkError(code, { transactionId: this.flow.flowId })));
    return true;
  }
};

// src/target.ts
function openTarget(browser, mode) {
  if (mode !== "redirect") {
    const popup = browser.openWindow();
    if (popup) return { kind: "popup", popup };
  }
  return mode !== "popup" && browser.canRedirect() ? { kind: "redirect" } : null;
}
function closeTarget(target) {
  if (target?.kind === "popup") target.popup.close();
}

// src/flow.ts
var LEAVING_MS = 6e4;
var Flow = class {
  /** `id` is the transaction, or `null` for a lead, which is named by the server. */
  constructor(deps, id) {
    this.deps = deps;
    this.id = id;
    this.done = false;
    this.target = null;
    /** Raised with every window, so that an answer for an earlier one is dropped. */
    this.turn = 0;
    this.begun = null;
    this.poller = null;
    this.cleanups = [];
    this.promise = new Promise((resolve, reject) => {
      this.finish = (outcome) => {
        if (outcome.kind === "resolve") resolve(outcome.value);
        else reject(outcome.error);
      };
    });
  }
  get flowId() {
    return this.begun?.flowId ?? this.id ?? "";
  }
  windowClosed() {
    return this.target?.kind === "popup" ? this.target.popup.closed : null;
  }
  /** Whether the user has no window of this flow in front of them, as far as the page can tell. */
  windowGone() {
    return this.target === null || this.windowClosed() === true;
  }
  focus() {
    if (this.target?.kind === "popup") this.target.popup.focus();
  }
  read(closed) {
    return this.deps.state(this.flowId, closed);
  }
  /** Follows a flow that an earlier page started. */
  resume() {
    this.poll(true);
  }
  /** Shows the flow in `target`: at its start, and again when its window was lost. */
  show(target) {
    this.target = target;
    this.turn += 1;
    const turn = this.turn;
    void this.deps.start(target.kind).then((reply) => {
      if (this.done || turn !== this.turn) return;
      if (reply.ok) this.enter(target, turn, reply.data);
      else this.notShown(reply.failure);
    });
  }
  enter(target, turn, begun) {
    this.begun = begun;
    if (this.windowClosed()) {
      if (!this.poller) this.settle(this.deps.neverShown());
      return;
    }
    this.deps.started(this.flowId);
    this.listen(originOf(begun.startUrl), begun.nonce);
    const into = target.kind === "popup" ? "popup" : "page";
    if (into === "page") this.pause();
    this.deps.browser.postForm(begun.startUrl, "handle", begun.handle, into);
    if (target.kind === "popup") this.poll(false);
    else this.leave(turn);
  }
  settle(outcome) {
    if (this.done) return;
    this.done = true;
    this.poller?.stop();
    for (let i = 0; i < this.cleanups.length; i += 1) this.cleanups[i]?.();
    closeTarget(this.target);
    this.deps.settled(outcome, this.poller || this.begun ? this.flowId : null);
    this.finish(outcome);
  }
  notShown(failure) {
    if (!this.poller) return this.settle(rejectWith(inTransaction(failure.error, this.id)));
    closeTarget(this.target);
    this.poller.wake();
  }
  poll(atOnce) {
    if (this.done) return;
    if (this.poller) this.poller.wake();
    else this.poller = new Poller(this.deps.browser, this, atOnce);
  }
  /** A page that is being left must not take the change of pages for a closed window. */
  pause() {
    this.poller?.stop();
    this.poller = null;
  }
  /**
   * The page is on its way out and this promise with it. If it stays, or comes back out of the
   * back/forward cache, the flow is read from here.
   */
  leave(turn) {
    const back = () => {
      if (turn !== this.turn) return;
      this.target = null;
      this.poll(true);
    };
    this.cleanups.push(this.deps.browser.after(LEAVING_MS, back), this.deps.browser.onRestored(back));
  }
  /** A message is a hint to ask the server now; it carries no result and needs the nonce. */
  listen(origin, nonce) {
    const stop = this.deps.browser.onMessage((from, data) => {
      if (from !== origin || !isObject(data)) return;
      const { source, version, type, transactionId, nonce: proof } = data;
      const ours = source === "torana-gateway" && version === 1 && type === "flow.update";
      if (ours && transactionId === this.flowId && proof === nonce) this.poller?.wake();
    });
    this.cleanups.push(stop);
  }
};
function closedWhileEmpty(transactionId) {
  return rejectWith(sdkError(1010 /* CancelledBeforeLogin */, { transactionId }));
}

// src/pending.ts
var KEY = "torana_gateway";
var Pending = class {
  constructor(browser, gateway) {
    this.browser = browser;
    this.gateway = gateway;
  }
  /** The remembered flow of this gateway, if any. */
  read() {
    const stored = parse(this.browser.recall(KEY));
    if (!isObject(stored) || stored["gateway"] !== this.gateway) return null;
    const { transactionId, sdkSession } = stored;
    if (!isText(transactionId) || !isText(sdkSession)) return null;
    return { transactionId, gateway: this.gateway, sdkSession };
  }
  write(transactionId, sdkSession) {
    const record = { transactionId, gateway: this.gateway, sdkSession };
    this.browser.remember(KEY, JSON.stringify(record));
  }
  /** Forgets this flow; another one that took its place stays. */
  forget(transactionId) {
    if (this.read()?.transactionId === transactionId) this.browser.remember(KEY, null);
  }
};
function parse(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

// src/session.ts
var ready = () => Promise.resolve({ ok: true, data: null });
var GATEWAY_NAME = /^[a-z0-9][a-z0-9-]{1,39}$/;
var Session = class {
  constructor(transport, options, stored, onChange) {
    this.transport = transport;
    this.options = options;
    this.onChange = onChange;
    /** User JWT that the session was made for by this page. */
    this.sent = null;
    this.running = null;
    this.latest = 0;
    this.wanted = options.userJwt;
    this.bearer = stored;
  }
  /** Session for the next call; may belong to an earlier page until `ensure` ran. */
  get id() {
    return this.bearer;
  }
  /** User JWT that the session stands for, or will stand for after the next `ensure`. */
  get userJwt() {
    return this.wanted;
  }
  /** Sets the user and asks the server. */
  init(userJwt) {
    this.adopt(userJwt);
    return this.run();
  }
  /** Sets the user; the server hears of it with the next call that needs a session. */
  adopt(userJwt) {
    this.wanted = userJwt;
    this.latest += 1;
  }
  /** Makes sure that the session stands for the wanted user. */
  ensure() {
    return this.running || this.sent !== this.wanted ? this.run() : ready();
  }
  /** Replaces a session that the server no longer knows. */
  renew(stale) {
    return this.running || this.bearer === stale ? this.run() : ready();
  }
  run() {
    this.running ?? (this.running = this.untilLatest());
    return this.running;
  }
  untilLatest() {
    const turn = this.latest;
    return this.ask(this.wanted).then((reply) => {
      if (turn !== this.latest) return this.untilLatest();
      this.running = null;
      return reply;
    });
  }
  ask(userJwt) {
    if (!GATEWAY_NAME.test(this.options.gateway)) return Promise.resolve(local(100 /* InvalidGateway */));
    if (userJwt === "") return Promise.resolve(local(90 /* InvalidJwt */));
    const body = {
      smallcaseAuthToken: userJwt,
      leprechaunEnabled: this.options.leprechaunEnabled
    };
    return this.transport.send("init", body, this.bearer).then((reply) => reply.ok ? this.accept(reply.data, userJwt) : reply);
  }
  accept(answer, userJwt) {
    const data = isObject(answer) ? answer : {};
    const { sdkSession, status, broker } = data;
    if (!isText(sdkSession) || status !== "GUEST" && status !== "CONNECTED") {
      return local(2e3 /* Internal */);
    }
    this.sent = userJwt;
    this.bearer = sdkSession;
    this.onChange();
    return {
      ok: true,
      data: { success: true, status, broker: isText(broker) ? broker : null }
    };
  }
};

// src/gateway.ts
var TRANSACTION_ID = /^TRX_[0-9a-f]{32}$/;
var Gateway = class {
  constructor(browser, options) {
    this.browser = browser;
    this.options = options;
    this.open = null;
    const transport = new Transport(browser, options);
    this.pending = new Pending(browser, options.gateway);
    const stored = this.pending.read();
    this.session = new Session(transport, options, stored && stored.sdkSession, () => {
      const record = this.pending.read();
      if (record && this.open?.flowId === record.transactionId) this.keep(record.transactionId);
    });
    this.api = new Api(transport, this.session);
  }
  init(argument) {
    const userJwt = userJwtOf(argument);
    if (userJwt === null) {
      this.browser.warn("init needs {smallcaseAuthToken}, or {userData} with a JWT in it");
      return refuse(7102 /* InvalidUserData */);
    }
    return this.open ? refuse(3003 /* TransactionInProcess */) : this.session.init(userJwt).then(valueOf);
  }
  trigger(argument) {
    const { transactionId = null, brokers = null } = isObject(argument) ? argument : {};
    const { open } = this;
    if (open?.id && open.id === transactionId && open.windowGone()) {
      return this.show(open);
    }
    if (open) return this.busy(open);
    if (!isText(transactionId) || !TRANSACTION_ID.test(transactionId)) {
      return refuse(3002 /* InvalidTransactionId */);
    }
    const keys = Array.isArray(brokers) ? brokers : [];
    return this.show(this.transaction(transactionId, keys));
  }
  lead(details, given) {
    if (this.open) return this.busy(this.open);
    const { name, email, contact, pinCode } = isObject(details) ? details : {};
    const { utmParams, retargeting, showLoginCta } = isObject(given) ? given : {};
    const body = { name, email, contact, pinCode, utmParams, retargeting, showLoginCta };
    const flow = this.flow(
      null,
      "leads",
      body,
      () => resolveWith({ leadId: null, status: "INITIALIZED" })
    );
    return this.show(flow);
  }
  resume() {
    if (!this.open) {
      const record = this.pending.read();
      if (!record) return Promise.resolve(null);
      this.open = this.transaction(record.transactionId, []);
      this.open.resume();
    }
    return this.open.promise;
  }
  logout() {
    return this.api.post("logout", {}).then((reply) => {
      valueOf(reply);
      return { success: true };
    });
  }
  archive(argument) {
    const iscid = isObject(argument) ? argument["iscid"] : null;
    if (!isText(iscid)) {
      this.browser.warn("markArchived needs {iscid}, an investment of the connected user");
      return refuse(3004 /* InitSdk */);
    }
    return this.api.post("markArchived", { iscid }).then((reply) => {
      const data = valueOf(reply);
      const orderBatches = isObject(data) ? data["orderBatches"] : null;
      if (!Array.isArray(orderBatches)) throw sdkError(2e3 /* Internal */);
      return { success: true, orderBatches };
    });
  }
  smallplug() {
    this.browser.warn("the discovery module is not part of this version of Torana");
    return refuse(2e3 /* Internal */);
  }
  busy(open) {
    open.focus();
    return refuse(3003 /* TransactionInProcess */, open.id);
  }
  show(flow) {
    const target = openTarget(this.browser, this.options.flowMode);
    if (!target) return refuse(7103 /* NoCompatibleBrowser */, flow.id);
    this.open = flow;
    flow.show(target);
    return flow.promise;
  }
  transaction(id, brokers) {
    const body = { brokers: brokers.map((key) => isText(key) ? key : ""), amo: this.options.amo };
    return this.flow(id, `transactions/${id}/start`, body, () => closedWhileEmpty(id));
  }
  flow(id, path, body, neverShown) {
    const deps = {
      browser: this.browser,
      start: (kind) => this.start(id, path, body, kind),
      state: (flowId, closed) => this.api.state(flowId, closed),
      started: (flowId) => this.keep(flowId),
      settled: (outcome, flowId) => {
        this.open = null;
        if (flowId !== null) this.pending.forget(flowId);
        const userJwt = returnedUserJwt(outcome);
        if (userJwt !== null && mayAdopt(this.session.userJwt, userJwt)) this.session.adopt(userJwt);
      },
      neverShown
    };
    return new Flow(deps, id);
  }
  start(id, path, body, kind) {
    const returnUrl = kind === "redirect" ? this.browser.pageUrl() : null;
    return this.api.start(path, Object.assign({ flowMode: kind, returnUrl }, body), id);
  }
  keep(flowId) {
    if (this.session.id !== null) this.pending.write(flowId, this.session.id);
  }
};
function refuse(code, transactionId = null) {
  return Promise.reject(sdkError(code, { transactionId }));
}
function valueOf(reply) {
  if (reply.ok) return reply.data;
  throw reply.failure.error;
}
function userJwtOf(argument) {
  if (!isObject(argument)) return null;
  const { smallcaseAuthToken, userData } = argument;
  if (typeof smallcaseAuthToken === "string") return smallcaseAuthToken;
  if (smallcaseAuthToken !== void 0) return null;
  if (isText(userData)) return userData;
  const inner = isObject(userData) ? userData["smallcaseAuthToken"] : null;
  return isText(inner) ? inner : null;
}

// src/scdk.ts
function defineScDK(browser, scriptOrigin) {
  var _a;
  let first = null;
  return _a = class {
    constructor(options) {
      const check = checked2(options, scriptOrigin);
      if (first) {
        if (!sameOptions(first.check, check)) {
          browser.warn("a second new scDK() returns the first one; use init to change the user");
        }
        return first.instance;
      }
      const instance = this;
      first = { instance, check };
      bindMethods(instance, caller(browser, check));
    }
  }, _a.version = VERSION, _a;
}
function bindMethods(instance, call) {
  const trigger = (argument) => call((g) => g.trigger(argument));
  instance.init = (argument) => call((g) => g.init(argument));
  instance.triggerTransaction = trigger;
  instance.triggerMfTransaction = trigger;
  instance.connect = trigger;
  instance.resumeTransaction = () => call((g) => g.resume());
  instance.brokerLogout = () => call((g) => g.logout());
  instance.markArchived = (argument) => call((g) => g.archive(argument));
  instance.triggerLeadGen = (details, options) => call((g) => g.lead(details, options));
  instance.openSmallplug = () => call((g) => g.smallplug());
}
function caller(browser, check) {
  let gateway = null;
  return (run) => {
    if (typeof Promise !== "function") return withoutPromises();
    if (!check.ok) {
      browser.warn(check.problem);
      return Promise.reject(sdkError(3004 /* InitSdk */));
    }
    if (!browser.supported()) return Promise.reject(sdkError(7103 /* NoCompatibleBrowser */));
    try {
      gateway ?? (gateway = new Gateway(browser, check.options));
      return run(gateway);
    } catch {
      return Promise.reject(sdkError(2e3 /* Internal */));
    }
  };
}
function checked2(options, scriptOrigin) {
  try {
    return checkOptions(options, scriptOrigin);
  } catch {
    return { ok: false, problem: "the options of the constructor cannot be read" };
  }
}
function withoutPromises() {
  const refuse2 = (rejected) => {
    rejected?.(sdkError(7103 /* NoCompatibleBrowser */));
  };
  const thenable = {
    then: (_resolved, rejected) => refuse2(rejected),
    catch: refuse2
  };
  return thenable;
}

// src/index.ts
var scDK = defineScDK(realBrowser, null);
var ScGatewayError2 = ScGatewayError;
var ERROR_MESSAGES2 = ERROR_MESSAGES;
var index_default = scDK;
export {
  ERROR_MESSAGES2 as ERROR_MESSAGES,
  ScGatewayError2 as ScGatewayError,
  index_default as default,
  scDK
};
