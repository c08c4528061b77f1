#!/usr/bin/env python3
"""Put the measured tables into the model card, so that no figure is copied by hand.

    python tools/model_card.py [FOLDER]

FOLDER (exported) holds MODEL_CARD.md with livejam.json, evaluation.json (livejam evaluate --json) and, where they are
there, ablation.json and sizes.json (tools/ablate.py), accompany.json, accompaniment.json (livejam evaluate --accompany
--json). Between `<!-- NAME -->` and `<!-- /NAME -->` the card gets the table of
that name: training, corpora, foreseeing, answers, controls, ablation, sizes, band_training, backing, backing_bits. All
other text stays as it is.
Knows nothing of how figures are measured.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from livejam.errors import FileError, LivejamError
from livejam.evaluation import WITHHELD
from livejam.files import reason, save

CARD, CONTRACT, EVALUATION = "MODEL_CARD.md", "livejam.json", "evaluation.json"
BY_RATIO = "true_next_of_16_by_ratio"
UNMEASURED = "*Not measured yet.*"
BITS = ("delta", "pitch", "length", "velocity")
Figures = dict[str, Any]  # out of JSON


def main() -> None:
    """Do what the header says."""
    try:
        print("tables: " + ", ".join(renew(Path(sys.argv[1] if len(sys.argv) > 1 else "exported"))))
    except LivejamError as error:
        sys.exit(f"model_card: {error}")


def renew(folder: Path) -> list[str]:
    """Write the tables into the card in `folder`; return their names.

    Raises:
        FileError: a file that a table needs is missing, damaged or of another network, a marker is unknown, or the card
            can't be written.
    """
    card, done = folder / CARD, []
    text = _text(card)
    if (folder / EVALUATION).exists() and (folder / CONTRACT).exists():
        _check(folder / EVALUATION, folder / CONTRACT)

    def table(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in TABLES:
            raise FileError(f"{card} has a place for {name!r}, which is no table; there are {', '.join(TABLES)}")
        file, make = TABLES[name]
        done.append(name)
        return f"<!-- {name} -->\n\n{_made(make, folder / file)}\n\n<!-- /{name} -->"

    text = re.sub(r"<!-- (?P<name>\w+) -->.*?<!-- /(?P=name) -->", table, text, flags=re.DOTALL)
    if not done:
        raise FileError(f"{card} has no place for a table, such as <!-- controls --> <!-- /controls -->")
    save(card, text.encode(), "make it writable")
    return done


def training(contract: Figures) -> str:
    """Return how long, on what and with which settings it was trained: a column for each run, the first one first."""
    runs = runs_of(contract)
    said = {
        "parameters": [f"{contract['parameters'] / 1e6:.1f} million, {contract['weights']}"] * len(runs),
        "begun with": [f"the weights of run {i}" if i else _begun_with(run) for i, run in enumerate(runs)],
        "steps": [f"{run['step']:,}" for run in runs],
        "notes seen": [f"{run['notes'] / 1e6:.1f} million" for run in runs],
        "time": [f"{run['hours']:.2f} hours, {run['machine']}" for run in runs],
    }
    names = dict.fromkeys(name for run in runs for name in run["settings"] if name not in ("steps", "weights"))
    said |= {name: [_plain(run["settings"].get(name, "-")) for run in runs] for name in names}
    heads = ["training", ""] if len(runs) == 1 else ["training", *(f"run {i + 1}" for i in range(len(runs)))]
    return _table(heads, ([name, cells[0], *_once(cells)] for name, cells in said.items()))


def _once(cells: Sequence[str]) -> list[str]:
    """Return all cells but the first, those that are like the one before in few words."""
    return ["as before" if cell == before else cell for before, cell in pairwise(cells)]


def runs_of(contract: Figures) -> list[Figures]:
    """Return what is told of each run that made a network, the first one first; one begins with another's weights."""
    run: Figures = contract["training"]
    runs = [run]
    while run := (run.get("begun_with") or {}).get("training", {}):
        runs.insert(0, run)
    return runs


def _begun_with(run: Figures) -> str:
    """Return what the first run that is known of began with."""
    return f"{run['begun_with']['weights']}, of which no more is told" if "begun_with" in run else "random weights"


def corpora(contract: Figures) -> str:
    """Return what it was trained on, with which weights in each run, and whom to thank."""
    runs = runs_of(contract)
    heads = ["corpus", "pieces", "of these validation", "phrases", "notes", "weight", "licence of the data", "credit"]
    rows = [
        [name, *(f"{c[count]:,}" for count in ("pieces", "valid", "phrases", "notes")), _heard(runs, name),
         c["licence"], c["credit"]]
        for name, c in contract["training"]["corpora"]["corpora"].items()
    ]  # fmt: skip
    return _table(heads, rows)


def _heard(runs: Sequence[Figures], corpus: str) -> str:
    """Return how often a corpus was heard, and in later runs where that was changed."""
    return ", then ".join(weight for weight, _ in groupby(str(run.get("weights", {}).get(corpus, 1.0)) for run in runs))


def foreseeing(evaluation: Figures) -> str:
    """Return bits a note and true next phrases, beside the Markov model and other networks."""
    found = evaluation["corpora"]
    others = list(dict.fromkeys(name for figures in found.values() for name in figures.get("beside", ())))
    baselines = [name for name in others if name != WITHHELD]
    heads = ["corpus", "part", "notes", *BITS, "bits a note"]
    heads += [head for name in ("Markov", *baselines) for head in (name, "fewer")]
    heads += [WITHHELD, "more"] if WITHHELD in others else []
    heads += [head for name in ("true next of 16", "by ratio") for head in (name, "Markov", *baselines)] + ["cases"]
    rows = [_foreseen(name, figures, others) for name, figures in found.items()]
    if together := evaluation.get("all"):
        rows.append(_foreseen_in_all(together, baselines, len(heads)))
    return _table(heads, rows)


def _foreseen_in_all(together: Figures, baselines: Sequence[str], width: int) -> list[str]:
    """Return the bits a note over all notes of all corpora, in a row of `width` cells."""
    bits = together["bits_per_note"]
    ours = bits["livejam"]
    row = ["all", "", f"{together['notes']:,}", *[""] * len(BITS), f"**{_number(ours)}**"]
    for total in map(bits.get, ("Markov", *baselines)):
        row += [_number(total), _share(total and 1 - ours / total)]
    row += [_number(bits[WITHHELD]), _share(bits[WITHHELD] / ours - 1)] if WITHHELD in bits else []
    return row + [""] * (width - len(row))


def _foreseen(name: str, found: Figures, others: Sequence[str]) -> list[str]:
    bits, beside = found["bits_per_note"], found.get("beside", {})
    totals = {"Markov": (found["markov_bits_per_note"] or {}).get("total")}
    totals |= {other: beside[other]["bits_per_note"]["total"] for other in others}
    cells = [name, found["role"], f"{found['notes']:,}", *(_number(bits[part]) for part in BITS)]
    cells.append(f"**{_number(bits['total'])}**")
    withheld = totals.pop(WITHHELD, None)
    for total in totals.values():
        cells += [_number(total), _share(total and 1 - bits["total"] / total)]
    cells += [_number(withheld), _share(withheld / bits["total"] - 1)] if withheld else []
    return [*cells, *_ranks(found, "true_next_of_16", others), *_ranks(found, BY_RATIO, others), str(found["cases"])]


def _ranks(found: Figures, name: str, others: Sequence[str]) -> list[str]:
    """Return how often everybody finds the true next phrase."""
    beside = (found.get("beside", {})[other].get(name) for other in others if other != WITHHELD)
    return [f"**{_share(found.get(name))}**", *map(_share, (found.get(f"markov_{name}"), *beside))]


def answers(evaluation: Figures) -> str:
    """Return the figures of everyone's answers."""
    heads = [
        "corpus", "answers", "notes", "in key", "groove", "stuck", "own call, by features", "by the network",
        "copied", "told apart",
    ]  # fmt: skip
    rows = (
        [name, who, *_answered(figures)]
        for name, found in evaluation["corpora"].items()
        for who, figures in found.get("answers", {}).items()
        if isinstance(figures, dict)
    )
    return _table(heads, [*rows, *_answered_in_all(evaluation.get("all", {}).get("answers", {}))])


def _answered_in_all(shares: Figures) -> list[list[str]]:
    """Return what was found of everyone's answers in all corpora."""
    names = ("stuck", "matched", "matched_by_network", "copied")
    return [["all", who, "", "", "", *(_share(found[name]) for name in names), ""] for who, found in shares.items()]


def _answered(figures: Figures) -> list[str]:
    shares = [_share(figures[name]) for name in ("stuck", "matched", "matched_by_network", "copied")]
    verdict = figures["verdict"] and figures["verdict"]["accuracy"]
    return [_number(figures["notes"]), _share(figures["in_key"]), _number(figures["groove"]), *shares, _share(verdict)]


def controls(evaluation: Figures) -> str:
    """Return what each control does."""
    heads = ["control", "measured", "setting: effect", "answers", "works"]
    return _table(heads, (_controlled(line) for line in evaluation.get("controls", ())))


def _controlled(line: Figures) -> list[str]:
    effects = ", ".join(f"{label}: **{_number(mean)}**" for label, mean in line["settings"].items())
    works = {None: "", True: "yes", False: "NO"}[line["works"]]
    return [line["control"], line["measured"], effects, str(line["answers"]), works]


def compared(rows: Figures) -> str:
    """Return forms or sizes beside each other."""
    names = list(next(iter(rows.values()))["bits"]) if rows else []
    heads = ["network", "parameters", "notes seen", *(f"{name}: bits, first" for name in names), "step"]
    return _table(heads, ([name, *_compared(row, names)] for name, row in rows.items()))


def _compared(row: Figures, names: Sequence[str]) -> list[str]:
    size = f"{row['parameters'] / 1e6:.1f} M" if "parameters" in row else f"{row['megabytes']:.1f} MB"
    notes = f"{row['notes'] / 1e6:.2f} M" if "notes" in row else ""
    scored = [f"{row['bits'][name]:.3f}, {_share(row['first'][name])}" for name in names]
    return [size, notes, *scored, f"{row['step_ms']:.2f} ms"]


SHARES = ("chord_tones", "roots", "agreement", "leaps", "played")


def backing(evaluation: Figures) -> str:
    """Return what is measured of accompaniments, beside people's and blocks of chords."""
    heads = ["corpus", "melodies", "who", "bass: chord tones", "roots", "melody in harmony", "voices move, semitones",
             "parallel leaps", "notes a beat", "groove off", "played of made up"]  # fmt: skip
    names = ("chord_tones", "roots", "agreement", "movement", "leaps", "notes_a_beat", "groove", "played")
    return _table(heads, (
        [corpus, str(found["takes"]), who,
         *((_share if name in SHARES else _number)(_known(figures[name])) for name in names)]
        for corpus, found in evaluation["accompany"].items()
        for who, figures in found["figures"].items()
    ))  # fmt: skip


def backing_bits(evaluation: Figures) -> str:
    """Return bits a note of what people played, by ear."""
    heads = ["corpus", "part", "notes", "bits a note", "Markov", "fewer", "blocks of chords"]
    return _table(heads, (
        [corpus, part, f"{bits['notes']:,}", f"**{_number(bits['livejam'])}**", _number(bits["Markov"]),
         _share(1 - bits["livejam"] / bits["Markov"]), _number(bits["blocks"])]
        for corpus, found in evaluation["accompany"].items()
        for part, bits in found["bits"].items()
    ))  # fmt: skip


def _known(value: float | None) -> float | None:
    """Return a figure; None where there was nothing to judge."""
    return None if value is None or value != value else value


TABLES: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "training": (CONTRACT, training),
    "corpora": (CONTRACT, corpora),
    "foreseeing": (EVALUATION, foreseeing),
    "answers": (EVALUATION, answers),
    "controls": (EVALUATION, controls),
    "band_training": ("accompany.json", training),
    "backing": ("accompaniment.json", backing),
    "backing_bits": ("accompaniment.json", backing_bits),
    "ablation": ("ablation.json", compared),
    "sizes": ("sizes.json", compared),
}


def _check(evaluation: Path, contract: Path) -> None:
    """Raise FileError if the figures in `evaluation` are of another network than the one that `contract` tells of."""
    measured = json.loads(_text(evaluation)).get("settings", {}).get("network")
    if measured and measured != json.loads(_text(contract))["graphs"]["answer"]["sha256"]:
        raise FileError(f"{evaluation} was measured with another network than that of {contract}; measure anew")


def _made(make: Callable[[Figures], str], file: Path) -> str:
    if not file.exists() and (make in (compared, backing, backing_bits) or file.name == "accompany.json"):
        return UNMEASURED
    try:
        return make(json.loads(_text(file)))
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{file} lacks what the table {make.__name__!r} needs ({error!r}); measure anew") from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{file} can't be read ({reason(error)}); name the folder that holds it") from None


def _table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    if len(lines) == 2:
        return UNMEASURED
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _plain(value: object) -> str:
    return ", ".join(f"{name} {inner}" for name, inner in value.items()) if isinstance(value, dict) else str(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}".replace("%", " %")


if __name__ == "__main__":
    main()
