"""livejam under rough hands: wild players, bad clocks, ports and processes that go, and somebody who checks it all.

`python -m soak` (make soak) plays for as long as one likes; tests/test_soak.py, test_fuzz.py and others play briefly.
"""
