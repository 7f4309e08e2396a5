"""A package, so that ``scope="package"`` means these tests alone: the browser ends before others.

Playwright keeps an event loop running, beside which no other test could start one.
"""
