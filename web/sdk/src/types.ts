/** What a transaction is for. */
export type Intent =
  | "CONNECT"
  | "TRANSACTION"
  | "HOLDINGS_IMPORT"
  | "MF_HOLDINGS_IMPORT"
  | "FETCH_FUNDS"
  | "SIP_SETUP"
  | "IMR_SETUP"
  | "AUTHORISE_HOLDINGS"
  | "CANCEL_AMO"
  | "SUBSCRIPTION";

/** Status of a transaction as the server keeps it. */
export type TransactionStatus =
  | "INITIALIZED"
  | "USED"
  | "PROCESSING"
  | "ACTION_REQUIRED"
  | "ERRORED"
  | "COMPLETED"
  | "CANCELLED"
  | "EXPIRED";

/** How the hosted pages are shown: a popup with the page itself as fallback, or only one of them. */
export type FlowMode = "auto" | "popup" | "redirect";

/** Argument of the constructor. */
export interface ScDKOptions {
  /** Name of the gateway, as issued by the operator. */
  gateway: string;
  /** User JWT signed by the partner's server, guest or connected. */
  smallcaseAuthToken: string;
  config?: ScDKConfig | null | undefined;
}

/** Optional settings of the constructor. */
export interface ScDKConfig {
  /** Offer after-market orders. Default `false`. */
  amo?: boolean | null | undefined;
  /** Test mode; allowed on sandbox gateways only. */
  leprechaunEnabled?: boolean | null | undefined;
  /**
   * Origin of the Torana server, `https://host[:port]` (http on loopback). Default: the origin
   * that `scdk.js` was loaded from. Required when the ES module is bundled into an application.
   */
  host?: string | null | undefined;
  /** Default `auto`. */
  flowMode?: FlowMode | null | undefined;
}

/** Argument of `init`; the second form is the older one. */
export type InitArgument =
  | { smallcaseAuthToken: string }
  | { userData: string | { smallcaseAuthToken: string } };

/** What `init` resolves with. */
export interface InitResult {
  success: true;
  status: "GUEST" | "CONNECTED";
  /** Broker key of a connected user, else `null`. */
  broker: string | null;
}

/** Argument of `triggerTransaction`. */
export interface TriggerArgument {
  /** `TRX_` and 32 lower-case hex digits, made by the partner's server. */
  transactionId: string;
  /** Broker keys to offer; missing, `null` or empty means all. */
  brokers?: readonly string[] | null | undefined;
}

/** One order of a batch. Quantities are shares, prices INR. */
export interface OrderResult {
  tradingsymbol: string;
  transactionType: "BUY" | "SELL";
  exchange: string;
  quantity: number;
  filledQuantity: number;
  orderType: string;
  product?: string;
  price: number;
  averagePrice: number;
  status: "COMPLETE" | "PARTIAL" | "REJECTED" | "CANCELLED" | "OPEN";
  orderTimestamp: string | null;
  exchangeOrderId: string | null;
  errorCode: string | null;
  statusMessage: string | null;
}

/** One group of orders sent together. `quantity` and `filled` count orders, not shares. */
export interface OrderBatch {
  batchId: string;
  transactionId: string;
  variety: "regular" | "amo";
  buyAmount: number;
  sellAmount: number;
  quantity: number;
  filled: number;
  status: "PLACED" | "COMPLETED" | "PARTIALLYFILLED" | "UNFILLED" | "UNPLACED" | "MARKEDCOMPLETE";
  broker: string;
  completedDate: string | null;
  orders: OrderResult[];
  unplaced: OrderResult[];
}

/** State of a systematic investment plan. */
export interface SipDetails {
  iscid: string;
  scid: string;
  sipAction: "create" | "manage" | "end";
  sipActive: boolean;
  amount?: number;
  frequency?: "1w" | "2w" | "1m" | "3m";
  scheduledDate?: string;
  sipType?: "manual" | "auto";
}

/** State of an investment reminder. */
export interface ImrDetails {
  iscid: string;
  scid: string;
  imrAction: "create" | "manage" | "end";
  imrActive: boolean;
  frequency?: string;
  scheduledDate?: string;
}

/** Who the user turned out to be; the same members stand at top level and in `data`. */
export interface ResultIdentity {
  /** Fresh user JWT, valid for an hour; missing where a guest imported mutual funds. */
  smallcaseAuthToken?: string;
  broker?: string;
  /** `true` when this broker account was seen on this gateway for the first time. */
  signup?: boolean;
  transactionId?: string;
  notes?: string | null;
}

/** Result of one intent: its own members at top level and again in `data`. */
export interface ResultOf<I extends Intent, Extra, DataOnly = unknown> extends ResultIdentity {
  success: true;
  errors: null;
  transaction: I;
  status: TransactionStatus;
  data: ResultIdentity & Extra & DataOnly;
}

/** Members of an order result; the last four only for a smallcase order. */
export interface OrderExtra {
  orderBatches: OrderBatch[];
  scid?: string;
  iscid?: string;
  name?: string;
  imageUrl?: string;
  sipDetails?: SipDetails;
}

type None = Record<never, never>;
type Result<I extends Intent, Extra, DataOnly = unknown> = ResultOf<I, Extra, DataOnly> & Extra;

export type ConnectResult = Result<"CONNECT", None>;
export type OrdersResult = Result<"TRANSACTION", OrderExtra, { batches: OrderBatch[] }>;
export type HoldingsImportResult = Result<"HOLDINGS_IMPORT", None>;
export type MfHoldingsImportResult = Result<"MF_HOLDINGS_IMPORT", None>;
export type FundsResult = Result<"FETCH_FUNDS", { funds: number }>;
export type SipSetupResult = Result<"SIP_SETUP", { sipDetails: SipDetails }>;
export type ImrSetupResult = Result<"IMR_SETUP", { imrDetails: ImrDetails }>;
export type AuthoriseHoldingsResult = Result<"AUTHORISE_HOLDINGS", None, { status: true }>;
export type CancelAmoResult = Result<
  "CANCEL_AMO",
  None,
  { iscid: string; batchId: string; status: "CANCELLED" }
>;
export type SubscriptionResult = Result<
  "SUBSCRIPTION",
  { subscription: { id: string; scid: string; status: string } }
>;

/** What `triggerTransaction` resolves with; `transaction` tells the members apart. */
export type TransactionResult =
  | ConnectResult
  | OrdersResult
  | HoldingsImportResult
  | MfHoldingsImportResult
  | FundsResult
  | SipSetupResult
  | ImrSetupResult
  | AuthoriseHoldingsResult
  | CancelAmoResult
  | SubscriptionResult;

/** What `brokerLogout` resolves with. */
export interface LogoutResult {
  success: true;
}

/** What `markArchived` resolves with; the batches are nested twice. */
export interface MarkArchivedResult {
  success: true;
  orderBatches: { iscid: string; status: "MARKEDCOMPLETE" }[][];
}

/** First argument of `triggerLeadGen`; everything is optional. */
export interface LeadUserDetails {
  name?: string | undefined;
  email?: string | undefined;
  contact?: string | undefined;
  pinCode?: string | undefined;
}

/** Second argument of `triggerLeadGen`. */
export interface LeadOptions {
  utmParams?: Readonly<Record<string, string>> | undefined;
  retargeting?: boolean | undefined;
  showLoginCta?: boolean | undefined;
}

/** State that the opening of a broker account has reached. */
export interface LeadResult {
  leadId: string | null;
  status: string;
}

/** Argument of `openSmallplug`. */
export interface SmallplugArgument {
  targetEndpoint?: string | undefined;
  params?: string | undefined;
}

/** What `openSmallplug` resolves with when it is closed. */
export interface SmallplugResult {
  success: true;
  smallcaseAuthToken?: string;
  data?: {
    userInfo: {
      number: string;
      countryCode: string;
      phoneNumber: string;
      phoneCountryCode: string;
    };
  };
}

/** Identity that goes with an error when the broker login was verified before it. */
export interface ErrorData {
  smallcaseAuthToken?: string;
  broker?: string;
  signup?: boolean;
  transactionId?: string;
  /** Set with 1007 when the user went to open an account. */
  leadId?: string | null;
  status?: string;
}

/** What every method rejects with. */
export interface ScGatewayError extends Error {
  readonly name: "ScGatewayError";
  /** Exactly one of the contract's messages, or what the server sent. */
  readonly message: string;
  readonly code: number;
  readonly data: ErrorData | null;
  readonly transactionId: string | null;
  readonly requestId: string | null;
}

/** Constructor of the SDK's error, for `instanceof`. */
export interface ScGatewayErrorConstructor {
  new (
    code: number,
    message: string,
    facts?: {
      readonly data?: ErrorData | null;
      readonly transactionId?: string | null;
      readonly requestId?: string | null;
    },
  ): ScGatewayError;
  readonly prototype: ScGatewayError;
}

/** One gateway on one page. Methods are bound; every promise rejects with `ScGatewayError`. */
export interface ScDK {
  /** Sets the user. Rejects `transaction_in_process` while a transaction is open. */
  init(argument: InitArgument): Promise<InitResult>;
  /** Opens the hosted pages; call it directly in a click handler. */
  triggerTransaction(argument: TriggerArgument): Promise<TransactionResult>;
  /** Same as `triggerTransaction`. */
  triggerMfTransaction(argument: TriggerArgument): Promise<TransactionResult>;
  /** Older name of `triggerTransaction`. */
  connect(argument: TriggerArgument): Promise<TransactionResult>;
  /** Re-attaches after a redirect or reload; `null` when nothing is pending. */
  resumeTransaction(): Promise<TransactionResult | LeadResult | null>;
  /** Ends the connected user's broker session on this gateway. */
  brokerLogout(argument?: unknown): Promise<LogoutResult>;
  /** Marks an investment of the connected user as archived. */
  markArchived(argument: { iscid: string }): Promise<MarkArchivedResult>;
  /** Lets the user open a broker account; call it directly in a click handler. */
  triggerLeadGen(userDetails?: LeadUserDetails, options?: LeadOptions): Promise<LeadResult>;
  /** Opens the discovery module. */
  openSmallplug(argument?: SmallplugArgument): Promise<SmallplugResult>;
}

/** The `scDK` class: every construction after the first returns the first instance. */
export interface ScDKConstructor {
  new (options: ScDKOptions): ScDK;
  readonly prototype: ScDK;
  /** Version of this SDK. */
  readonly version: string;
}
