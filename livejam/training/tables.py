"""What `livejam prepare` has done, as tables for the terminal. Knows how results look, not how they come about."""

import re
from collections import Counter

from rich.console import Group
from rich.table import Column, Table

from livejam.training.prepare import SKIPPED_NAME, Prepared

MOST_REASONS = 12  # lines


def prepared_tables(prepared: Prepared) -> Group:
    """Return a table of pieces, phrases and notes a corpus and, where something was skipped, one of why."""
    tables = [_counts(prepared)]
    if prepared.skips:
        tables.append(_reasons(prepared))
    return Group(*tables)


def _counts(prepared: Prepared) -> Table:
    counted = ("pieces", "valid", "phrases", "marked", "notes", "skipped")
    table = Table(Column("corpus", no_wrap=True), *(Column(name, justify="right") for name in counted))
    skipped = Counter(skip.corpus for skip in prepared.skips)
    corpora = sorted({piece.corpus for piece in prepared.pieces} | set(skipped))
    rows = [_count_row(prepared, corpus, skipped[corpus]) for corpus in corpora]
    for corpus, row in zip(corpora, rows, strict=True):
        table.add_row(corpus, *(f"{count:,}" for count in row))
    table.add_section()
    table.add_row("all", *(f"{sum(column):,}" for column in zip(*rows, strict=True)))
    return table


def _count_row(prepared: Prepared, corpus: str, skipped: int) -> tuple[int, ...]:
    pieces = [piece for piece in prepared.pieces if piece.corpus == corpus]
    parts = [part for piece in pieces for part in piece.parts]
    valid = sum(piece.split == "valid" for piece in pieces)
    phrases = sum(len(part.phrases) for part in parts)
    marked = sum(int(part.phrases["marked"].sum()) for part in parts)
    return len(pieces), valid, phrases, marked, sum(piece.note_count for piece in pieces), skipped


def _reasons(prepared: Prepared) -> Table:
    table = Table(Column("skipped of", no_wrap=True), Column("how many", justify="right"), "why", "the first")
    table.caption = f"{SKIPPED_NAME}, beside the pieces, names them all"
    reasons = Counter((skip.corpus, _kind(skip.reason)) for skip in prepared.skips)
    first = {(skip.corpus, _kind(skip.reason)): skip.name for skip in reversed(prepared.skips)}
    for (corpus, reason), count in reasons.most_common(MOST_REASONS):
        table.add_row(corpus, str(count), reason, first[corpus, reason])
    if len(reasons) > MOST_REASONS:
        table.add_row("", "", f"and {len(reasons) - MOST_REASONS} more reasons", "")
    return table


def _kind(reason: str) -> str:
    """What reasons of one kind have in common: all before the details in brackets or behind a colon."""
    return re.split(r" ?\(|: ", reason)[0]
