/** Window that holds the hosted pages, as far as another origin may touch it. */
export interface Popup {
  readonly closed: boolean;
  close(): void;
  focus(): void;
}

/** One HTTP answer; `body` is `undefined` when it was not JSON. */
export interface HttpReply {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

/** A request under way. */
export interface HttpExchange {
  readonly reply: Promise<HttpReply>;
  abort(): void;
}

/** One HTTP request. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * Everything the SDK asks of the page it runs in. It is the one seam between the SDK's logic and
 * the browser, so that tests run the logic on a clock and a network of their own.
 */
export interface Browser {
  /** Whether the features that the SDK needs exist. */
  supported(): boolean;
  /** Milliseconds on a monotonic clock; differences only. */
  now(): number;
  /** Runs `run` once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
  http(request: HttpRequest): HttpExchange;
  /** Opens the named window, or `null` when the browser refuses. */
  openWindow(): Popup | null;
  /** Whether the page itself may be navigated: a framed page may not show the hosted pages. */
  canRedirect(): boolean;
  /** Posts one form field into the named window, or into the page itself. */
  postForm(action: string, field: string, value: string, into: "popup" | "page"): void;
  /** Address of the page without its fragment. */
  pageUrl(): string;
  pageOrigin(): string;
  /** Runs on `online` and when the page becomes visible; returns the unsubscriber. */
  onWake(run: () => void): () => void;
  onMessage(run: (origin: string, data: unknown) => void): () => void;
  /** Runs when the page comes back out of the back/forward cache. */
  onRestored(run: () => void): () => void;
  /** Per-tab memory that survives a reload; failures read as empty. */
  recall(key: string): string | null;
  /** Stores, or with `null` removes. */
  remember(key: string, value: string | null): void;
  /** Text for the developer's console. Never called with a token. */
  warn(text: string): void;
}

/** Name of the window that shows the hosted pages. */
export const WINDOW_NAME = "torana_gateway";
const WINDOW_FEATURES = "popup,width=480,height=720";

/** The real page. Touches no global until one of its functions is called. */
export const realBrowser: Browser = {
  supported: () =>
    typeof fetch === "function" &&
    typeof performance === "object" &&
    typeof window.addEventListener === "function",
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
    const seen = (): void => {
      if (document.visibilityState === "visible") run();
    };
    return both(on(window, "online", run), on(document, "visibilitychange", seen));
  },
  onMessage: (run) =>
    on(window, "message", (event) => {
      const message = event as MessageEvent<unknown>;
      run(message.origin, message.data);
    }),
  onRestored: (run) =>
    on(window, "pageshow", (event) => {
      if ((event as PageTransitionEvent).persisted) run();
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
      // Storage is switched off: only a reload during a transaction is affected.
    }
  },
  warn: (text) => {
    if (typeof console === "object") console.warn("[scDK] " + text);
  },
};

function send(request: HttpRequest): HttpExchange {
  const abort = typeof AbortController === "function" ? new AbortController() : null;
  const reply = fetch(request.url, {
    method: request.method,
    headers: request.headers,
    body: request.body,
    mode: "cors",
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    signal: abort ? abort.signal : null,
  }).then((response) =>
    response.text().then((text) => ({
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body: parseJson(text),
    })),
  );
  return { reply, abort: () => abort?.abort() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function postForm(action: string, field: string, value: string, into: "popup" | "page"): void {
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

function on(target: EventTarget, type: string, run: (event: Event) => void): () => void {
  target.addEventListener(type, run);
  return () => target.removeEventListener(type, run);
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}
