#!/usr/bin/env python3
"""Works out contract_notes.toml with exact fractions, from the rates as they are published (per cent and
rupees), not from data/tariff.toml and with no code of the exchange. Run it to see that the table is still what it writes:

    python3 contract_notes.py | diff - contract_notes.toml
"""
from fractions import Fraction as F

# --- the facts, in the words of the tariffs -------------------------------------------------------------
PERCENT, CRORE = F(1, 100), F(10_000_000)
STT = {"CNC": {"BUY": F("0.1") * PERCENT, "SELL": F("0.1") * PERCENT},
       "MIS": {"BUY": F(0), "SELL": F("0.025") * PERCENT}}
STAMP = {"CNC": {"BUY": F("0.015") * PERCENT, "SELL": F(0)},
         "MIS": {"BUY": F("0.003") * PERCENT, "SELL": F(0)}}
SEBI = 10 / CRORE
GST = 18 * PERCENT


def exchange_rate(exchange, day):
    if exchange == "BSE":
        return F("0.00375") * PERCENT
    # 306.99 + 0.01 for the investor protection fund, per crore, from 1 March 2026.
    return (F("306.99") + F("0.01")) / CRORE if day >= "2026-03-01" else F("0.00297") * PERCENT


def brokerage(broker, product, value):
    """Of one order, before rounding."""
    if broker == "kite":
        return min(F("0.03") * PERCENT * value, F(20)) if product == "MIS" else F(0)
    if broker == "upstox":
        return min(F("0.1") * PERCENT * value, F(20))
    raise ValueError(broker)


# --- the rounding ---------------------------------------------------------------------------------------
def paisa(rupees):
    """Half up to the paisa, in paise."""
    return (rupees * 100 + F(1, 2)).__floor__()


def rupee(rupees):
    """Half up to the rupee, in paise."""
    return (rupees + F(1, 2)).__floor__() * 100


def note(day, broker, orders):
    total = dict(brokerage=0, transaction_tax=0, exchange_charge=0, sebi_fee=0, stamp_duty=0, gst=0)
    tax, delivered = F(0), set()
    for exchange, product, side, isin, fills in orders:
        value = sum(F(price) * quantity for quantity, price in fills)
        fee = paisa(brokerage(broker, product, value))
        charge, sebi = paisa(exchange_rate(exchange, day) * value), paisa(SEBI * value)
        total["brokerage"] += fee
        total["exchange_charge"] += charge
        total["sebi_fee"] += sebi
        total["stamp_duty"] += paisa(STAMP[product][side] * value)
        total["gst"] += paisa(GST * F(fee + charge + sebi, 100))
        tax += STT[product][side] * value
        if product == "CNC" and side == "SELL":
            delivered.add(isin)
    total["transaction_tax"] = rupee(tax)
    total["total"] = sum(total.values())
    total["depository"] = len(delivered) * (1300 + paisa(GST * 13))
    return total


# --- the notes ------------------------------------------------------------------------------------------
A, B, C = "INE009A01021", "INE154A01025", "INE467B01029"
NEW, OLD, EVE, TURN = "2026-11-02", "2025-06-02", "2026-02-27", "2026-03-02"


def one(exchange, product, side, *fills, isin=A):
    return (exchange, product, side, isin, list(fills))


NOTES = [
    ("delivery, NSE, buy: one fill", NEW, "kite", [one("NSE", "CNC", "BUY", (10, "1500.00"))]),
    ("delivery, NSE, sale: one fill", NEW, "kite", [one("NSE", "CNC", "SELL", (10, "1500.00"))]),
    ("delivery, BSE, buy: one fill", NEW, "kite", [one("BSE", "CNC", "BUY", (10, "1500.00"))]),
    ("delivery, BSE, sale: one fill", NEW, "kite", [one("BSE", "CNC", "SELL", (10, "1500.00"))]),
    ("intraday, NSE, buy: brokerage by its rate", NEW, "kite", [one("NSE", "MIS", "BUY", (10, "1500.00"))]),
    ("intraday, NSE, sale: brokerage by its rate", NEW, "kite", [one("NSE", "MIS", "SELL", (10, "1500.00"))]),
    ("intraday, BSE, buy: brokerage at its most", NEW, "kite", [one("BSE", "MIS", "BUY", (100, "1500.00"))]),
    ("intraday, BSE, sale: brokerage at its most", NEW, "kite", [one("BSE", "MIS", "SELL", (100, "1500.00"))]),
    ("intraday: one paisa below the most", NEW, "kite", [one("NSE", "MIS", "BUY", (1, "66650.00"))]),
    ("intraday: a round trip on NSE", NEW, "kite",
     [one("NSE", "MIS", "BUY", (75, "402.35")), one("NSE", "MIS", "SELL", (75, "404.10"))]),
    ("intraday: a round trip on BSE at a loss", NEW, "kite",
     [one("BSE", "MIS", "SELL", (75, "402.35")), one("BSE", "MIS", "BUY", (75, "409.05"))]),
    ("delivery buy in three fills", NEW, "kite",
     [one("NSE", "CNC", "BUY", (3, "1500.10"), (4, "1500.20"), (6, "1500.35"))]),
    ("delivery sale in five fills", NEW, "kite",
     [one("NSE", "CNC", "SELL", (1, "402.35"), (2, "402.30"), (40, "402.25"), (7, "402.20"), (11, "402.00"), isin=B)]),
    ("intraday buy in four fills on BSE", NEW, "kite",
     [one("BSE", "MIS", "BUY", (13, "3201.15"), (17, "3201.20"), (1, "3201.25"), (1, "3201.30"), isin=C)]),
    ("intraday sale in two fills: the most counts per order, not per fill", NEW, "kite",
     [one("NSE", "MIS", "SELL", (50, "1500.00"), (50, "1499.90"))]),
    ("smallest buy: one share of one paisa", NEW, "kite", [one("NSE", "CNC", "BUY", (1, "0.01"))]),
    ("smallest sale: the depository's fee is more than the proceeds", NEW, "kite",
     [one("NSE", "CNC", "SELL", (1, "0.05"))]),
    ("tax of 49.9 paise is nothing", NEW, "kite", [one("NSE", "CNC", "BUY", (1, "499.00"))]),
    ("tax of exactly 50 paise is one rupee", NEW, "kite", [one("NSE", "CNC", "BUY", (1, "500.00"))]),
    ("tax is rounded once per note, not per order", NEW, "kite",
     [one("NSE", "CNC", "BUY", (1, "499.00")), one("NSE", "CNC", "BUY", (1, "402.35"), isin=B),
      one("BSE", "CNC", "BUY", (1, "499.00"), isin=C)]),
    ("huge delivery buy: 10 crore", NEW, "kite", [one("NSE", "CNC", "BUY", (100_000, "10000.00"))]),
    ("huge delivery sale on BSE: 10 crore", NEW, "kite", [one("BSE", "CNC", "SELL", (100_000, "10000.00"))]),
    ("huge intraday sale: 9.99 crore", NEW, "kite", [one("NSE", "MIS", "SELL", (99_999, "999.95"))]),
    ("stamp duty of a half paisa goes up", NEW, "kite", [one("NSE", "CNC", "BUY", (1, "33.34"))]),
    ("SEBI fee of a half paisa goes up", NEW, "kite", [one("BSE", "CNC", "BUY", (1, "5000.00"))]),
    ("old rates: delivery buy on NSE", OLD, "kite", [one("NSE", "CNC", "BUY", (200, "1523.40"))]),
    ("old rates: delivery sale on BSE", OLD, "kite", [one("BSE", "CNC", "SELL", (200, "1523.40"))]),
    ("old rates: intraday sale on NSE", OLD, "kite", [one("NSE", "MIS", "SELL", (200, "1523.40"))]),
    ("last trading day of the old NSE charge", EVE, "kite", [one("NSE", "CNC", "BUY", (1000, "1523.40"))]),
    ("first trading day of the new NSE charge", TURN, "kite", [one("NSE", "CNC", "BUY", (1000, "1523.40"))]),
    ("the change does not touch BSE: before", EVE, "kite", [one("BSE", "MIS", "BUY", (1000, "1523.40"))]),
    ("the change does not touch BSE: after", TURN, "kite", [one("BSE", "MIS", "BUY", (1000, "1523.40"))]),
    ("another broker: delivery brokerage by its rate", NEW, "upstox", [one("NSE", "CNC", "BUY", (10, "1500.05"))]),
    ("another broker: delivery brokerage at its most", NEW, "upstox", [one("NSE", "CNC", "SELL", (30, "1500.05"))]),
    ("two sales of one security, one depository fee", NEW, "kite",
     [one("NSE", "CNC", "SELL", (5, "402.35"), isin=B), one("BSE", "CNC", "SELL", (6, "402.40"), isin=B)]),
    ("two sales of two securities, two depository fees", NEW, "kite",
     [one("NSE", "CNC", "SELL", (5, "402.35"), isin=B), one("NSE", "CNC", "SELL", (6, "3201.40"), isin=C)]),
    ("a mixed day: both exchanges, products and sides", NEW, "upstox",
     [one("NSE", "CNC", "BUY", (12, "1501.25"), (8, "1501.30")), one("BSE", "CNC", "SELL", (33, "402.10"), isin=B),
      one("NSE", "MIS", "BUY", (40, "3199.95"), isin=C), one("NSE", "MIS", "SELL", (25, "3204.00"), (15, "3204.05"), isin=C),
      one("BSE", "MIS", "SELL", (3, "77.15"), isin=B), one("BSE", "MIS", "BUY", (3, "76.90"), isin=B)]),
]

print("# Contract notes with their charges in paise, worked out by contract_notes.py. `gst` is IGST; `total` leaves the\n"
      "# depository's fee out. Fills are [shares, price in rupees].")
for name, day, broker, orders in NOTES:
    print(f'\n[[note]]\nname = "{name}"\nday = "{day}"\nbroker = "{broker}"\norders = [')
    for exchange, product, side, isin, fills in orders:
        shown = ", ".join(f'[{quantity}, "{price}"]' for quantity, price in fills)
        print(f'  {{ exchange = "{exchange}", product = "{product}", side = "{side}", isin = "{isin}", fills = [{shown}] }},')
    print("]")
    shown = ", ".join(f"{name} = {value}" for name, value in note(day, broker, orders).items())
    print(f"charges = {{ {shown} }}")
