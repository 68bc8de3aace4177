"""A small shop, as the test desks of the API and of the command line both know it: its contracts and its view."""

NOTICE = "privacy-2025-01"
_HEAD = f"""
version: 1
source: shop
owner: shop-team
country: "NO"
basis:
  purposes: {{churn: legitimate_interests, winback: consent, service: contract}}
  notice: {NOTICE}
  notice_given: true
format: {{kind: csv, delimiter: ",", encoding: utf-8, decimal: ".", dates: iso, timezone: UTC}}
"""
ORDERS = f"""
contract: shop_orders
table: orders
{_HEAD}
currency: NOK
key: [order]
person: {{column: who, source: shop}}
columns:
  order: {{to: order_ref}}
  at: {{to: event_time}}
  total: {{to: amount_minor}}
  state: {{to: status, type: category, values: {{P: placed}}}}
"""
_TEXTS = "{nb: Ordrer, nn: Ordrar, sv: Ordrar, en: Orders, de: Bestellungen}"


def people_contract(more: str) -> str:
    """Write the contract of the shop's people: name and mail, and what `more` says of other columns and promises."""
    return f"""
contract: shop_people
table: people
{_HEAD}
key: [no]
columns:
  name: {{to: full_name}}
  mail: {{to: email}}
  since: {{to: event_time}}
{more}"""


def view_text(name: str, purpose: str, *, grain: str = "person", grid: str = "day") -> str:
    """Write a view with two features."""
    return f"""
name: {name}
version: 1
grain: {grain}
purpose: {purpose}
consumer: tests
description: Orders of a customer.
currency: NOK
as_of_grid: {grid}
expires_days: 30
quasi_identifiers: []
k: 1
population:
  any_of: [{{table: orders}}]
features:
  orders: {{op: count, table: orders}}
  amount: {{op: sum, table: orders, column: amount_minor}}
texts:
  orders: {_TEXTS}
  amount: {_TEXTS}
"""
