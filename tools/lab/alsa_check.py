"""Does livejam do what it should on a real ALSA sequencer? Run inside the virtual machine of tools/lab/alsa.sh.

`livejam ports`; `livejam listen` played to by aplaymidi and recorded by arecordmidi; then instruments and a sound card
that are unplugged and come back. The exit code is 1 if anything that is demanded is not met.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alsa_world import PATIENCE, Card, Heard, Instrument, Monitor, Phrase, Take, address_of, hanging, write_phrase
from findings import Findings, milliseconds
from jam_process import LIVEJAM, ROOT, Jam, until

STARTING = 120.0  # seconds for livejam to get ready: an emulated machine is slow
NOTICED = 1.0  # seconds within which livejam says that a port has gone or is back
TRIES = 3
SCRATCH = Path("/run")
KEYBOARD, SYNTH = "Some Keyboard", "Some Synth"
THROUGH = "14:0"  # the kernel's own Midi Through
HELD = [(0.0, 0.25, 60, 80), (0.3, 0.25, 62, 80), (0.6, 0.0, 64, 80)]  # its last key is never released
PHRASES: list[Phrase] = [
    [(0.0, 0.3, 60, 80), (0.4, 0.3, 64, 76), (0.8, 0.3, 67, 88), (1.2, 0.5, 72, 84)],
    [(0.0, 0.2, 69, 80), (0.25, 0.2, 67, 76), (0.5, 0.2, 65, 80), (0.75, 0.2, 64, 76), (1.0, 0.5, 62, 80)],
    [(0.0, 0.45, 62, 80), (0.5, 0.2, 65, 76), (0.75, 0.2, 69, 84), (1.0, 0.45, 68, 80), (1.5, 0.5, 69, 80)],
]


def main() -> int:
    """Check everything; return the exit code."""
    found = Findings()
    keyboard, synth = Instrument(KEYBOARD), Instrument(SYNTH)
    check_ports(found)
    check_listening(found)
    check_unplugging(found, keyboard, synth)
    check_card(found)
    return found.conclude()


def check_ports(found: Findings) -> None:
    """Everything there is is listed."""
    listed = subprocess.run([*LIVEJAM, "ports"], cwd=ROOT, capture_output=True, text=True, timeout=STARTING)
    inputs, _, outputs = listed.stdout.partition("outputs")
    there = (f"  {KEYBOARD}:keys" in inputs, f"  {SYNTH}:sound" in outputs, "VirMIDI 0-0" in inputs and outputs)
    lines = (listed.stdout + listed.stderr).splitlines()
    found.demand("livejam ports lists both instruments and the card", f"{len(lines)} lines", all(there), lines)


def check_listening(found: Findings) -> None:
    """Phrases from aplaymidi are answered; arecordmidi hears both."""
    with Jam("--no-record", "--seed", "1", patience=STARTING) as jam:
        found.note("livejam is ready after", milliseconds(jam.begun))
        heard, answering = address_of("livejam", "in"), address_of("livejam", "out")
        subprocess.run(["aconnect", THROUGH, heard], check=True, timeout=PATIENCE)
        take, monitor = Take(SCRATCH / "take.mid", THROUGH, answering), Monitor(answering)
        time.sleep(1.0)
        for phrase in PHRASES:
            write_phrase(phrase, SCRATCH / "phrase.mid")
            subprocess.run(
                ["aplaymidi", "-d", "0", "-p", THROUGH, SCRATCH / "phrase.mid"], check=True, timeout=PATIENCE
            )
            monitor.first(time.monotonic() - 0.1)
            monitor.silent()
        code = jam.end()
    monitor.kill()
    tracks = take.end()
    found.demand("livejam ends by Ctrl-C with exit code 0", str(code), code == 0, jam.news())
    judge_take(found, tracks, jam)


def judge_take(found: Findings, tracks: list[list[Heard]], jam: Jam) -> None:
    """Every phrase has an answer before the next, and every note of it ends."""
    player, livejam = tracks[-2:]
    found.demand(
        "arecordmidi has all that aplaymidi played",
        f"{sum(heard.on for heard in player)} notes",
        sum(heard.on for heard in player) == sum(map(len, PHRASES)),
    )
    waits, place = [], 0
    for phrase in PHRASES:
        ended = [heard for heard in player if not heard.on][place + len(phrase) - 1].time
        place += len(phrase)
        after = [heard.time for heard in player if heard.on and heard.time > ended]
        onset = next((heard.time for heard in livejam if heard.on and heard.time >= ended), None)
        waits.append(onset - ended if onset is not None and onset < min(after, default=1e9) else None)
    answered = all(wait is not None for wait in waits)
    found.demand("every phrase is answered, after", ", ".join(map(milliseconds, waits)), answered, jam.news())
    found.demand("notes of the answers without an end", str(hanging(livejam)), not hanging(livejam))


def check_unplugging(found: Findings, keyboard: Instrument, synth: Instrument) -> None:
    """Keyboard and synthesiser go and come back, twice, with another number and with the old one."""
    with Jam("--in", KEYBOARD, "--out", SYNTH, "--no-record", "--seed", "1", patience=STARTING) as jam:
        judge_answer(found, "a phrase from the keyboard is answered", lambda: keyboard.play(PHRASES[0]), synth, jam)
        for decoy in (True, False):
            keyboard = unplug_keyboard(found, jam, keyboard, synth, decoy)
        synth = unplug_synth(found, jam, keyboard, synth)
        judge_answer(
            found, "a phrase is answered on the synth that is back", lambda: keyboard.play(PHRASES[2]), synth, jam
        )
        code = jam.end()
    found.demand("livejam ends by Ctrl-C with exit code 0", str(code), code == 0, jam.news())
    time.sleep(0.5)
    found.demand("notes on the synth without an end", str(hanging(synth.heard)), not hanging(synth.heard))
    keyboard.kill()
    synth.kill()


def unplug_keyboard(found: Findings, jam: Jam, keyboard: Instrument, synth: Instrument, decoy: bool) -> Instrument:
    """Unplug the keyboard while a key is held, and plug it in again; with a decoy it gets another number."""
    before = address_of(KEYBOARD, "keys")
    keyboard.play(HELD)
    judge_words(found, jam, "keyboard unplugged with a key held: said after", "gone", keyboard.kill())
    synth.silent()
    if decoy:
        Instrument("Something Else")
    keyboard = Instrument(KEYBOARD)
    address = address_of(KEYBOARD, "keys")
    judge_back(found, jam, f"keyboard back as {address}, before {before}: said after", keyboard)
    judge_answer(
        found, "a phrase from the keyboard that is back is answered", lambda: keyboard.play(PHRASES[1]), synth, jam
    )
    return keyboard


def unplug_synth(found: Findings, jam: Jam, keyboard: Instrument, synth: Instrument) -> Instrument:
    """Unplug the synth in the midst of an answer, play on meanwhile, and plug it in again."""
    ended = keyboard.play(PHRASES[0])
    sounding = synth.first(ended, count=2) is not None
    gone = synth.kill()
    found.demand("the synth is unplugged in the midst of an answer", f"{len(synth.ons(ended))} notes in", sounding)
    judge_words(found, jam, "synth unplugged: said after", "gone", gone)
    keyboard.play(PHRASES[1])
    time.sleep(3.0)
    synth = Instrument(SYNTH)
    judge_back(found, jam, "synth back: said after", synth)
    found.demand("what was not played meanwhile has an end", str(synth.silent()), not hanging(synth.heard))
    return synth


def check_card(found: Findings) -> None:
    """A sound card goes and comes back, twice."""
    card = Card()
    with Jam("--in", card.port, "--no-record", "--seed", "1", patience=STARTING) as jam:
        monitor = Monitor(address_of("livejam", "out"))
        judge_answer(found, "a phrase from the card is answered", lambda: card.play(PHRASES[0]), monitor, jam)
        for phrase in PHRASES[1:]:
            judge_words(found, jam, "card unplugged: said after", "gone", card.unplug())
            time.sleep(1.0)
            judge_words(found, jam, "card back: said after", "back", card.plug_in())
            judge_answer(
                found, "a phrase from the card that is back is answered", partial(card.play, phrase), monitor, jam
            )
        code = jam.end()
    found.demand("livejam ends by Ctrl-C with exit code 0", str(code), code == 0, jam.news())
    time.sleep(0.5)
    found.demand("notes of livejam without an end", str(hanging(monitor.heard)), not hanging(monitor.heard))
    monitor.kill()


def judge_words(found: Findings, jam: Jam, what: str, word: str, since: float) -> None:
    """It says that in time."""
    after = jam.says(word, since)
    found.demand(what, milliseconds(after), after is not None and after <= NOTICED, jam.news())


def judge_back(found: Findings, jam: Jam, what: str, instrument: Instrument) -> None:
    """It says in time that an instrument is back, which may be before the instrument itself does."""
    after = jam.says("back", instrument.begun)
    after = None if after is None else max(0.0, after - (instrument.there_at - instrument.begun))
    found.demand(what, milliseconds(after), after is not None and after <= NOTICED, jam.news())


def judge_answer(
    found: Findings, what: str, play: Callable[[], float], listener: Instrument | Monitor, jam: Jam
) -> None:
    """An answer comes, and ends; where livejam says that the machine is too slow for one, once more is allowed."""
    attempt, again, after = 0, True, None
    while again:
        attempt, begun = attempt + 1, time.monotonic()
        after = listener.first(play())
        again = after is None and attempt < TRIES and jam.heard("no answer came in time", begun) is not None
    found.demand(what, f"after {milliseconds(after)}, at try {attempt}", after is not None, jam.news())
    ended = listener.silent()
    found.demand("   and every note of it ends", f"{hanging(listener.heard)} hang", ended, jam.news())


if __name__ == "__main__":
    if not until(Path("/dev/snd/seq").exists, 5.0):
        sys.exit("there is no ALSA sequencer here (/dev/snd/seq); run tools/lab/alsa.sh")
    sys.exit(main())
