import { Code } from "./errors.js";
import { isObject, isText, type Options } from "./options.js";
import { local, type Reply, type Transport } from "./transport.js";
import type { InitResult } from "./types.js";

/** Nothing to be done; made late, because an old browser has no promises when this loads. */
const ready = (): Promise<Reply<null>> => Promise.resolve({ ok: true, data: null });
const GATEWAY_NAME = /^[a-z0-9][a-z0-9-]{1,39}$/;

/**
 * The SDK session and the user it stands for. One `init` runs at a time; calls that arrive
 * meanwhile replace the user, and all of them get the outcome for the last one.
 */
export class Session {
  private wanted: string;
  /** User JWT that the session was made for by this page. */
  private sent: string | null = null;
  /** The session itself; the next `init` carries it, so that its flows stay reachable. */
  private bearer: string | null;
  private running: Promise<Reply<InitResult>> | null = null;
  private latest = 0;

  constructor(
    private readonly transport: Transport,
    private readonly options: Options,
    stored: string | null,
    private readonly onChange: () => void,
  ) {
    this.wanted = options.userJwt;
    this.bearer = stored;
  }

  /** Session for the next call; may belong to an earlier page until `ensure` ran. */
  get id(): string | null {
    return this.bearer;
  }

  /** User JWT that the session stands for, or will stand for after the next `ensure`. */
  get userJwt(): string {
    return this.wanted;
  }

  /** Sets the user and asks the server. */
  init(userJwt: string): Promise<Reply<InitResult>> {
    this.adopt(userJwt);
    return this.run();
  }

  /** Sets the user; the server hears of it with the next call that needs a session. */
  adopt(userJwt: string): void {
    this.wanted = userJwt;
    this.latest += 1;
  }

  /** Makes sure that the session stands for the wanted user. */
  ensure(): Promise<Reply<unknown>> {
    return this.running || this.sent !== this.wanted ? this.run() : ready();
  }

  /** Replaces a session that the server no longer knows. */
  renew(stale: string | null): Promise<Reply<unknown>> {
    return this.running || this.bearer === stale ? this.run() : ready();
  }

  private run(): Promise<Reply<InitResult>> {
    this.running ??= this.untilLatest();
    return this.running;
  }

  private untilLatest(): Promise<Reply<InitResult>> {
    const turn = this.latest;
    return this.ask(this.wanted).then((reply) => {
      if (turn !== this.latest) return this.untilLatest();
      this.running = null;
      return reply;
    });
  }

  private ask(userJwt: string): Promise<Reply<InitResult>> {
    if (!GATEWAY_NAME.test(this.options.gateway)) return Promise.resolve(local(Code.InvalidGateway));
    if (userJwt === "") return Promise.resolve(local(Code.InvalidJwt));
    const body = {
      smallcaseAuthToken: userJwt,
      leprechaunEnabled: this.options.leprechaunEnabled,
    };
    return this.transport
      .send("init", body, this.bearer)
      .then((reply) => (reply.ok ? this.accept(reply.data, userJwt) : reply));
  }

  private accept(answer: unknown, userJwt: string): Reply<InitResult> {
    const data = isObject(answer) ? answer : {};
    const { sdkSession, status, broker } = data;
    if (!isText(sdkSession) || (status !== "GUEST" && status !== "CONNECTED")) {
      return local(Code.Internal);
    }
    this.sent = userJwt;
    this.bearer = sdkSession;
    this.onChange();
    return {
      ok: true,
      data: { success: true, status, broker: isText(broker) ? broker : null },
    };
  }
}
