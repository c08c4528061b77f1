"""Writers of little files in the formats of corpora, for tests; the music in them is the tests' own."""

import mido


def write_midi(path, tracks, bpm=120, signature=(4, 4), ticks_per_beat=480):
    """Tracks are (name, channel, [(onset, length, pitch, velocity), ...]) in ticks."""
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat)
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)),
                mido.MetaMessage("time_signature", numerator=signature[0], denominator=signature[1]),
            ]
        )
    )
    for name, channel, notes in tracks:
        events = [(on, "note_on", pitch, velocity) for on, _, pitch, velocity in notes]
        events += [(on + length, "note_off", pitch, 0) for on, length, pitch, _ in notes]
        track, now = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
        for at, kind, pitch, velocity in sorted(events):
            track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=at - now))
            now = at
        file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


BEATS = "melid\tonset\tduration\tbar\tbeat\tsignature\tchord\tbass\n"
NOTES = "melid\tonset\tduration\tpitch\tbar\tbeat\ttatum\tdivision\tphrase_id\n"
SOLOS = "id\ttitle\tmelid\tlineup\n"


def write_wjazzd(folder, notes, solos=(("Us_Tune_FINAL.sv", "Tune", 7),), beats=None):
    folder.mkdir(parents=True, exist_ok=True)
    beats = beats or [
        (7, 10.0 + 0.5 * i, 0.5, i // 4, i % 4 + 1, "'4/4'", "C-7" if i < 4 else "Db7/G", 40 + i if i != 2 else "")
        for i in range(-4, 12)
    ]
    for name, header, rows in (("beats", BEATS, beats), ("notes", NOTES, notes)):
        lines = ["\t".join(str(field) for field in row) + "\n" for row in rows]
        (folder / f"{name}.tsv").write_text(header + "".join(lines))
    solo_lines = [f'{name}\t{title}\t{melid}\t"two\nlines"\n' for name, title, melid in solos]
    (folder / "solos.tsv").write_text(SOLOS + "".join(solo_lines))
