import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPrice, formatRupees, parsePrice, parseShares, valueOf } from "../src/money.js";

test("typed prices become exact integers or nothing", () => {
  assert.equal(parsePrice("1503.5"), 15_035_000n);
  assert.equal(parsePrice(" ₹1,503.50 "), 15_035_000n);
  assert.equal(parsePrice("0.05"), 500n);
  for (const bad of ["", "0", "-1", "1e3", "1.23456", "1.2.3", "abc", "9999999999"]) assert.equal(parsePrice(bad), null, bad);
});

test("share counts are whole and bounded", () => {
  assert.equal(parseShares("10,000,000"), 10_000_000n);
  for (const bad of ["", "0", "1.5", "3.0", "10000001", "-3", "x"]) assert.equal(parseShares(bad), null, bad);
});

test("values are rounded half to even paise and survive the largest order", () => {
  assert.equal(valueOf(15_035_000n, 3n), 451_050n);
  assert.equal(valueOf(50n, 1n), 0n);
  assert.equal(valueOf(150n, 1n), 2n);
  assert.equal(valueOf(9_999_999_999_999n, 10_000_000n), 999_999_999_999_900_000n);
});

test("amounts are grouped as in India", () => {
  assert.equal(formatRupees(5n), "₹0.05");
  assert.equal(formatRupees(12_345_650n), "₹1,23,456.50");
  assert.equal(formatRupees(123_456_789_000n), "₹1,23,45,67,890.00");
  assert.equal(formatPrice(15_035_025n), "₹1,503.5025");
});
