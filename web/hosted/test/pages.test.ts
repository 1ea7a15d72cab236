import assert from "node:assert/strict";
import { test } from "node:test";
import { matches } from "../src/chooser.js";
import { isStepOf, type Flow } from "../src/page.js";
import { totalText } from "../src/review.js";

test("brokers are found by the beginning of a word, without punctuation, and run together", () => {
  for (const query of ["hdfc", "HDFC sk", "sky", "hdfc-sky", "hdfcsky", ""]) assert.ok(matches("hdfc sky hdfcsky", query), query);
  for (const query of ["zerodha", "ky x"]) assert.ok(!matches("hdfc sky hdfcsky", query), query);
});

test("a total is shown only when every line that may belong to it is known", () => {
  const buy = { side: "BUY", amount: 100n };
  assert.equal(totalText([buy, { side: "SELL", amount: null }], "BUY"), "₹1.00");
  assert.equal(totalText([buy, { side: "BUY", amount: null }], "BUY"), "–");
  assert.equal(totalText([buy, { side: undefined, amount: 5n }], "BUY"), "–");
});

test("only steps of this flow are followed", () => {
  const flow = { id: "f1" } as Flow;
  assert.ok(isStepOf(flow, "/flow/f1/broker-missing"));
  for (const path of ["/flow/f2/done", "//evil.example/flow/f1/done", "/flow/f1/../x", "https://x/flow/f1/done", "/flow/f1/done?x"]) {
    assert.ok(!isStepOf(flow, path), path);
  }
});
