"""The training doctor: what a run's own records say is wrong with it, and the one thing to try.

``evidence`` is what is looked at, ``rules`` are pure functions from evidence to a finding or None,
``examination`` asks them all, ``texts`` has the words, ``gathering`` reads a run from the store.
No torch, no pages. How often each rule is right is measured by ``benchmarks/doctor.py``.
"""
