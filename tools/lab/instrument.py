"""A MIDI instrument in a process of its own, so that it can be unplugged: an ALSA client with one port.

usage: python instrument.py NAME    it has a port to play from ("keys"), and one to be played into ("sound")

It knows nothing of livejam. Every line on its input is a phrase to be played at once, with four numbers a note (onset
and length in seconds, pitch, velocity); it says "on PITCH SECONDS" and "off PITCH SECONDS" for what it
is played, and "played SECONDS" at the end of a phrase. Seconds are those of `time.monotonic`.
"""

import sys
import time

import rtmidi


def main() -> None:
    """Be there until the input ends, or until killed."""
    name = sys.argv[1]
    sound = rtmidi.MidiIn(rtmidi.API_LINUX_ALSA, name=name)
    sound.set_callback(lambda event, _: tell(event[0]))
    sound.open_virtual_port("sound")
    keys = rtmidi.MidiOut(rtmidi.API_LINUX_ALSA, name=name)
    keys.open_virtual_port("keys")
    print("there", flush=True)
    for line in sys.stdin:
        play([float(word) for word in line.split()], keys)


def tell(message: list[int]) -> None:
    """Say what came in."""
    now, kind = time.monotonic(), message[0] & 0xF0
    if kind in (0x80, 0x90):
        print(f"{'on' if kind == 0x90 and message[2] else 'off'} {message[1]} {now:.6f}", flush=True)


def play(numbers: list[float], keys: rtmidi.MidiOut) -> None:
    """Play a phrase; a length of 0 is a key that is never released."""
    messages = []
    for onset, length, pitch, velocity in zip(*[iter(numbers)] * 4, strict=True):
        messages.append((onset, 1, [0x90, int(pitch), int(velocity)]))
        if length:
            messages.append((onset + length, 0, [0x80, int(pitch), 0]))
    begun = time.monotonic()
    for at, _, message in sorted(messages):
        time.sleep(max(0.0, begun + at - time.monotonic()))
        keys.send_message(message)
    print(f"played {time.monotonic():.6f}", flush=True)


if __name__ == "__main__":
    main()
