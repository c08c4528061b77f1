"""Piano rolls as a picture: looked at pixel by pixel, since nobody else does."""

import io

import numpy as np
from PIL import Image

from livejam.notes import Note
from livejam.pianoroll import Roll, Voice, beat_marks
from livejam.picture import PAPER, WIDTH, picture

CALL = (Note(0.0, 60, 100, 1.0), Note(1.0, 64, 100, 1.0))
ANSWER = (Note(2.0, 67, 100, 2.0),)


def pixels(*rolls):
    return np.asarray(picture(rolls, "a jam"))  # (height, width, 3) uint8


def area(image, colour):
    return int((np.abs(image.astype(int) - colour).max(axis=-1) < 8).sum())


def test_it_is_dark_on_light_and_as_wide_as_it_says():
    image = pixels(Roll("one", CALL, ANSWER))
    assert image.shape[1] == WIDTH
    assert tuple(image[0, 0]) == PAPER
    assert image.mean() > 200


def test_each_voice_has_its_colour():
    alone, both = pixels(Roll("one", CALL, ())), pixels(Roll("one", CALL, ANSWER))
    colour = Voice.LIVEJAM.colour
    assert area(both, colour) > 5 * area(alone, colour)  # alone: the legend
    assert area(both, Voice.PLAYER.colour) > 3000


def test_a_longer_note_takes_more_room():
    short, long = (pixels(Roll("one", CALL, (Note(2.0, 67, 100, time), Note(4.0, 60, 100, 1.0)))) for time in (0.2, 2))
    assert area(long, Voice.LIVEJAM.colour) > area(short, Voice.LIVEJAM.colour)


def test_higher_notes_stand_higher():
    image = pixels(Roll("one", (Note(0.0, 60, 127, 1.0), Note(2.0, 72, 127, 1.0)), ()))
    low, high = image[110:, 104:600], image[110:, 1100:]
    rows = [np.flatnonzero((part == Voice.PLAYER.colour).all(axis=-1).sum(axis=-1) > 100) for part in (low, high)]
    assert rows[0].max() > rows[1].max()


def test_every_turn_has_its_strip():
    roll = Roll("one", CALL, ANSWER, beat_marks(0.0, 4.0, 0.5, 4))
    one, two = pixels(roll), pixels(roll, roll)
    assert two.shape[0] > 1.5 * one.shape[0]
    assert area(two, Voice.LIVEJAM.colour) > 1.5 * area(one, Voice.LIVEJAM.colour)


def test_a_jam_without_notes_is_a_picture_too():
    assert picture((), "nothing").size[0] == WIDTH
    assert pixels(Roll("nothing", (), ())).shape[1] == WIDTH


def test_the_extremes_of_the_keyboard_fit():
    wide = tuple(Note(pitch / 10, pitch, 1 + pitch % 127, 0.0) for pitch in range(128))
    image = pixels(Roll("all keys", wide, ()))
    assert image.shape[0] < 1200


def test_the_same_rolls_give_the_same_bytes():
    def written():
        out = io.BytesIO()
        picture((Roll("one", CALL, ANSWER),), "a jam").save(out, "PNG")
        return out.getvalue()

    assert written() == written()
    assert Image.open(io.BytesIO(written())).format == "PNG"
