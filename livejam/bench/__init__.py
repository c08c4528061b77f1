"""The latency card: what livejam promises, measured on this machine by a client that is no part of it."""
