"""Sequence labelling: texts with columns of labels, and tagging problems with several tasks."""

from mtl_simulators.problems.sequences._bio import entity_f1, entity_spans, to_bio, to_io
from mtl_simulators.problems.sequences._chunks import Chunk
from mtl_simulators.problems.sequences._columns import (
    Column,
    Deprel,
    Feature,
    Field,
    InsideOutside,
    Upos,
    Xpos,
)
from mtl_simulators.problems.sequences._conll import load_conll
from mtl_simulators.problems.sequences._conllu import load_conllu
from mtl_simulators.problems.sequences._corpus import Corpus, Labelling
from mtl_simulators.problems.sequences._malformed import Malformed, MalformedLine
from mtl_simulators.problems.sequences._problem import TaggingProblem
from mtl_simulators.problems.sequences._slices import Disjoint, Shared, Slices
from mtl_simulators.problems.sequences._source import TokenSource, draw_corpus, make_token_source
from mtl_simulators.problems.sequences._tagging import make_real_tagging, make_tagging
from mtl_simulators.problems.sequences._windows import embed_windows, token_windows

__all__ = [
    "Chunk",
    "Column",
    "Corpus",
    "Deprel",
    "Disjoint",
    "Feature",
    "Field",
    "InsideOutside",
    "Labelling",
    "Malformed",
    "MalformedLine",
    "Shared",
    "Slices",
    "TaggingProblem",
    "TokenSource",
    "Upos",
    "Xpos",
    "draw_corpus",
    "embed_windows",
    "entity_f1",
    "entity_spans",
    "load_conll",
    "load_conllu",
    "make_real_tagging",
    "make_tagging",
    "make_token_source",
    "to_bio",
    "to_io",
    "token_windows",
]
