"""The rows of all experiments as one Parquet file."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtl_theory.experiments import Experiment, Outcome


def results_parquet(outcomes: "Sequence[tuple[Experiment, Outcome]]", *, seed: int) -> bytes:
    """Return the rows of every experiment, its id and paper in front, as the bytes of a Parquet file.

    The seed stands in the file's metadata. Nothing else that varies between runs is written, so equal rows
    give equal bytes.

    Raises
    ------
    ValueError
        If two experiments use one column name for values of different types.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [_table(experiment, outcome) for experiment, outcome in outcomes]
    empty = pa.table({"experiment": pa.array([], pa.string()), "paper": pa.array([], pa.string())})
    try:
        table = pa.concat_tables(tables, promote_options="permissive") if tables else empty
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise ValueError(
            f"the experiments' rows do not fit in one table ({error}); rename a column."
        ) from error
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata({"mtlaws.seed": str(seed)}), buffer, compression="zstd")
    return buffer.getvalue()


def _table(experiment: "Experiment", outcome: "Outcome") -> "pa.Table":  # type: ignore[name-defined] # noqa: F821
    import pyarrow as pa

    rows = pa.Table.from_pandas(outcome.rows, preserve_index=False).replace_schema_metadata(None)
    for position, (name, value) in enumerate((("experiment", experiment.id), ("paper", experiment.paper))):
        if name in rows.column_names:
            rows = rows.drop_columns([name])
        rows = rows.add_column(position, name, pa.array([value] * rows.num_rows, pa.string()))
    return rows
