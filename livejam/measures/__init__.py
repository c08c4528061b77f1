"""What can be measured of phrases: pure functions of notes in ticks, numpy alone. They know nothing of networks."""
