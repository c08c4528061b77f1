"""MIDI messages <-> what the player did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.events import ClockContinue, ClockPulse, ClockStart, ClockStop, Gesture, Pedal, PlayerEvent, SongPosition
from livejam.messages import MessageReader, to_message
from livejam.notes import NoteOff, NoteOn

VALUE = st.integers(0, 127)
CONTROLLER = st.tuples(st.just(0xB0), st.integers(0, 119).filter(lambda number: number != 64), VALUE)
GESTURE = st.one_of(
    CONTROLLER,
    st.tuples(st.sampled_from([0xA0, 0xE0]), VALUE, VALUE),
    st.tuples(st.sampled_from([0xC0, 0xD0]), VALUE),
)
EVENT = st.one_of(
    st.builds(NoteOn, VALUE, st.integers(1, 127)), st.builds(NoteOff, VALUE), st.builds(Pedal, st.booleans())
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
        ((0xB0, 1, 90), (Gesture((0xB0, 1, 90)),)),  # modulation
        ((0xE3, 0, 64), (Gesture((0xE3, 0, 64)),)),  # pitch bend
        ((0xD0, 90), (Gesture((0xD0, 90)),)),  # channel pressure
        ((0xA0, 60, 90), (Gesture((0xA0, 60, 90)),)),  # key pressure
        ((0xC0, 5), (Gesture((0xC0, 5)),)),
        ((0xF8,), (ClockPulse(),)),
        ((0xFA,), (ClockStart(),)),
        ((0xFB,), (ClockContinue(),)),
        ((0xFC,), (ClockStop(),)),
        ((0xF2, 1, 2), (SongPosition(257),)),
        ((0xF2, 127, 127), (SongPosition(16383),)),
        ((0xF1, 5), ()),  # MIDI time code
        ((0xF2, 1), ()),
        ((0xF2, 1, 0x80), ()),
        ((0xF3, 1), ()),  # song select
        ((0xF4,), ()),
        ((0xF6,), ()),  # tune request
        ((0xF8, 0xF8), ()),
        ((0xF9,), ()),
        ((0xFE,), ()),  # active sensing
        ((0xFF,), ()),  # reset
        ((0xFF, 0x51, 3, 7, 0xA1, 0x20), ()),
        ((0xB0, 122, 0), ()),  # local control
        ((0xC0, 5, 5), ()),
        ((0xE0, 5), ()),
        ((0xD0, 0x80), ()),
        ((0xE0, 0, 64, 0), ()),
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
    assert reader.read((0xE0, 0, 64)) == ()
    assert reader.read((0xE2, 0, 64)) == (Gesture((0xE2, 0, 64)),)
    assert reader.read((0xF8,)) == (ClockPulse(),)  # no channel, so not another's


@given(EVENT, st.integers(1, 16))
def test_what_is_sent_is_heard(event, channel):
    message = to_message(event, channel)
    assert MessageReader(channel).read(message) == (event,)
    assert message[0] & 0x0F == channel - 1


@given(GESTURE, st.integers(1, 16), st.integers(1, 16))
def test_a_gesture_goes_through_untouched_but_for_its_channel(message, heard, channel):
    message = (message[0] | heard - 1, *message[1:])
    (gesture,) = MessageReader(heard).read(message)
    assert gesture == Gesture(message)
    assert to_message(gesture, heard) == message
    assert to_message(gesture, channel) == (message[0] & 0xF0 | channel - 1, *message[1:])


def test_a_gesture_knows_its_controller():
    assert Gesture((0xB2, 1, 90)).control == (1, 90)
    assert Gesture((0xE2, 1, 90)).control is None


@given(st.lists(st.lists(st.integers(0, 255), max_size=5)), st.one_of(st.none(), st.integers(1, 16)))
def test_no_bytes_upset_the_reader(messages, channel):
    reader = MessageReader(channel)
    for message in messages:
        for event in reader.read(message):
            if isinstance(event, NoteOn | NoteOff):
                assert 0 <= event.pitch <= 127
            if isinstance(event, NoteOn):
                assert 1 <= event.velocity <= 127
            if isinstance(event, PlayerEvent):
                assert channel is None or message[0] & 0x0F == channel - 1
