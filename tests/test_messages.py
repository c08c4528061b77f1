"""MIDI messages <-> what the player did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.events import Pedal
from livejam.messages import MessageReader, to_message
from livejam.notes import NoteOff, NoteOn

PITCH = st.integers(0, 127)
EVENT = st.one_of(
    st.builds(NoteOn, PITCH, st.integers(1, 127)), st.builds(NoteOff, PITCH), st.builds(Pedal, st.booleans())
)


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ((0x90, 60, 80), (NoteOn(60, 80),)),
        ((0x9F, 60, 80), (NoteOn(60, 80),)),
        ((0x90, 60, 0), (NoteOff(60),)),
        ((0x80, 60, 64), (NoteOff(60),)),
        ((0xB0, 64, 127), (Pedal(True),)),
        ((0xB0, 64, 63), (Pedal(False),)),
        ((0xB0, 121, 0), (Pedal(False),)),
        ((0xB0, 1, 90), ()),  # modulation
        ((0xE0, 0, 64), ()),  # pitch bend
        ((0xD0, 90), ()),  # channel pressure
        ((0xA0, 60, 90), ()),  # key pressure
        ((0xC0, 5), ()),
        ((0xF8,), ()),
        ((0xFE,), ()),
        ((0xF2, 1, 2), ()),
        ((0xF0, 1, 2, 3, 0xF7), ()),
        ((0xF0, 0x90, 60), ()),
        ((), ()),
        ((0x90,), ()),
        ((0x90, 60), ()),
        ((60, 80, 90), ()),
        ((0x90, 0x90, 60), ()),
        ((0x90, 60, 200), ()),
    ],
)
def test_a_message_is_read(message, events):
    assert MessageReader().read(message) == events


@pytest.mark.parametrize("number", [120, 123, 124, 127])
def test_all_notes_off_releases_what_is_held_on_its_channel(number):
    reader = MessageReader()
    for message in [(0x90, 60, 80), (0x90, 64, 80), (0x91, 67, 80), (0x80, 60, 0), (0x90, 62, 1)]:
        reader.read(message)
    assert reader.read((0xB0, number, 0)) == (NoteOff(62), NoteOff(64))
    assert reader.read((0xB0, number, 0)) == ()
    assert reader.read((0xB1, number, 0)) == (NoteOff(67),)


def test_other_channels_are_not_heard():
    reader = MessageReader(channel=3)
    assert reader.read((0x90, 60, 80)) == ()
    assert reader.read((0x92, 60, 80)) == (NoteOn(60, 80),)
    assert reader.read((0xB3, 64, 127)) == ()


@given(EVENT, st.integers(1, 16))
def test_what_is_sent_is_heard(event, channel):
    message = to_message(event, channel)
    assert MessageReader(channel).read(message) == (event,)
    assert message[0] & 0x0F == channel - 1


@given(st.lists(st.lists(st.integers(0, 255), max_size=5)), st.one_of(st.none(), st.integers(1, 16)))
def test_no_bytes_upset_the_reader(messages, channel):
    reader = MessageReader(channel)
    for message in messages:
        for event in reader.read(message):
            assert isinstance(event, Pedal) or 0 <= event.pitch <= 127
            assert not isinstance(event, NoteOn) or 1 <= event.velocity <= 127
